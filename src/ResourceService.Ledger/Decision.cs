using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger;

/// <summary>
/// What the rules say to one request: refused, or accepted with the changes to apply in order. Accepted without a change means that what was
/// asked is already so.
/// </summary>
public readonly record struct Decision(ValueList<LedgerChange> Changes, Refusal? Refusal)
{
    /// <summary>What was asked is already so.</summary>
    public static Decision Unchanged { get; } = new([], null);

    /// <summary>Accepted with one change.</summary>
    public static Decision Accept(LedgerChange change) => new([change], null);

    /// <summary>Refused.</summary>
    public static Decision Refuse(Refusal refusal) => new([], refusal);
}

/// <summary>Why a request was refused as a whole. Part of no file format: the server maps it to the contract's reasons.</summary>
public enum RefusalKind
{
    /// <summary>The node is not registered.</summary>
    NodeNotFound,

    /// <summary>The claim does not exist, or does not live any more.</summary>
    ClaimNotLive,

    /// <summary>The claim lives in another state than the step starts from.</summary>
    ClaimWrongState,

    /// <summary>The instance holds a claim already.</summary>
    InstanceAlreadyClaimed,

    /// <summary>The node takes no new claims.</summary>
    NodeNotEnabled,

    /// <summary>The caller decided on an older picture of the node.</summary>
    StaleGeneration,

    /// <summary>The amounts or constraints do not fit; the dimensions say which.</summary>
    DoesNotFit,

    /// <summary>A new inventory lacks a class that claims use.</summary>
    InventoryInUse,

    /// <summary>The node still holds claims.</summary>
    NodeHoldsClaims,

    /// <summary>The move does not exist, or is not in flight any more.</summary>
    MigrationNotInFlight,

    /// <summary>The move is in a state that does not allow the step.</summary>
    MigrationWrongState,

    /// <summary>The move is of a type that the step does not belong to.</summary>
    MigrationWrongType,

    /// <summary>The instance is moving already.</summary>
    MigrationInFlight,

    /// <summary>The move would end where it starts.</summary>
    TargetIsSource,

    /// <summary>Another owner, or another caller for this one, set what the request sets.</summary>
    FieldOwned,

    /// <summary>With what the node reports and others set, the outcome would break a rule of reports.</summary>
    OutcomeInvalid,
}

/// <summary>Why a request was refused. A value, not an exception: a refusal is an answer.</summary>
/// <param name="Kind">The rule that refused.</param>
/// <param name="Message">The rule, the values met and what would be accepted, in one sentence for people.</param>
/// <param name="Dimensions">With <see cref="RefusalKind.DoesNotFit"/>: everything that failed.</param>
public sealed record Refusal(RefusalKind Kind, string Message, ValueList<RefusedDimension> Dimensions)
{
    /// <summary>A refusal without dimensions.</summary>
    public Refusal(RefusalKind kind, string message)
        : this(kind, message, [])
    {
    }

    /// <summary>The values met, by name, for programs: as errors.proto names them.</summary>
    public ValueList<KeyValuePair<string, string>> Metadata { get; init; } = [];

    /// <summary>With <see cref="RefusalKind.InstanceAlreadyClaimed"/>: the claim that stands in the way, maybe on another node.</summary>
    public ClaimId? HeldBy { get; init; }
}
