using CsCheck;

namespace ResourceService.Ledger.Tests.Properties;

internal enum OperationKind
{
    Claim,
    Confirm,
    Renew,
    Abort,
    Release,
    Expire,
    Register,
    SetState,
    Delete,
}

/// <summary>One step of a random life. Numbers mean what the kind makes of them, so that any list of operations can be run and shortened.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="Pick">Which claim, state or set of inventories.</param>
/// <param name="Vcpus">Amount, or total, of VCPU.</param>
/// <param name="MemoryMb">Amount, or total, of MEMORY_MB.</param>
/// <param name="Minutes">How far the lease's end is, or how far time goes on.</param>
internal sealed record Operation(OperationKind Kind, int Pick, long Vcpus, long MemoryMb, int Minutes)
{
    // Claims are made more often than ended, and inventories change now and then: nodes get full, and are full when they shrink.
    private static readonly Gen<OperationKind> _kinds = Gen.Frequency(
        (8, Gen.Const(OperationKind.Claim)), (3, Gen.Const(OperationKind.Confirm)), (1, Gen.Const(OperationKind.Renew)),
        (1, Gen.Const(OperationKind.Abort)), (3, Gen.Const(OperationKind.Release)), (1, Gen.Const(OperationKind.Expire)),
        (2, Gen.Const(OperationKind.Register)), (1, Gen.Const(OperationKind.SetState)), (1, Gen.Const(OperationKind.Delete)));

    public static readonly Gen<Operation[]> Lives =
        Gen.Select(_kinds, Gen.Int[0, 99], Gen.Long[1, 12], Gen.Long[1, 40], Gen.Int[0, 20])
            .Select((kind, pick, vcpus, memory, minutes) => new Operation(kind, pick, vcpus, memory, minutes))
            .Array[1, 60];
}
