using CsCheck;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Audits;

/// <summary>
/// Hosts that differ from their ledgers in every way at once, at random. Whatever they report: the node's equations hold after each audit, nothing
/// that was not over capacity is over after it unless the host has less, two audits heal all that can be healed, and a third changes nothing.
/// <c>CsCheck_Seed=SEED</c> repeats a failure.
/// </summary>
public class HealConvergenceTests
{
    private const int Hosts = 2_000;

    [Fact]
    public void Two_audits_heal_what_can_be_healed_and_a_third_changes_nothing()
    {
        var met = new HashSet<(DriftKind, DriftAction)>();
        Gen.Int[0, int.MaxValue].Sample(
            number =>
            {
                var random = new Random(number);
                var host = RandomHost(random);
                var picture = Drifted(host, random);
                Heal(host, picture, met);
                Heal(host, picture, met);
                var before = host.View;
                var third = Heal(host, picture, met);

                Assert.True(third.HealedCount == 0, $"Host {number}: the third audit heals {AuditedHost.Summary(third)}");
                Assert.Equal(before.Generation, host.View.Generation);
            },
            iter: Hosts,
            threads: 1);

        // Every kind that a host of one node can show, and everything that is done about it.
        Assert.Superset(
            new HashSet<(DriftKind, DriftAction)>
            {
                (DriftKind.InventoryChanged, DriftAction.InventoryUpdated),
                (DriftKind.OverCapacity, DriftAction.Reported),
                (DriftKind.OrphanedClaim, DriftAction.ClaimReleased),
                (DriftKind.UntrackedInstance, DriftAction.InstanceAdopted),
                (DriftKind.UntrackedInstance, DriftAction.SkippedDoesNotFit),
                (DriftKind.MisplacedInstance, DriftAction.Reported),
                (DriftKind.UsageMismatch, DriftAction.ClaimCorrected),
                (DriftKind.UsageMismatch, DriftAction.SkippedDoesNotFit),
                (DriftKind.UsageMismatch, DriftAction.SkippedInFlight),
                (DriftKind.PinningMismatch, DriftAction.ClaimCorrected),
                (DriftKind.PinningMismatch, DriftAction.SkippedDoesNotFit),
                (DriftKind.DeviceMissing, DriftAction.Reported),
                (DriftKind.ExpiredLease, DriftAction.ClaimReleased),
            },
            met);
    }

    // The picture is taken again before each audit, of a host that stays as it is.
    private static Audit Heal(AuditedHost host, ObservedNode picture, HashSet<(DriftKind, DriftAction)> met)
    {
        var over = OverCapacity(host.View);
        var audit = host.Heal(picture with { Generation = host.View.Generation });
        foreach (var drift in audit.Drifts)
            met.Add((drift.Kind, drift.Action));
        Assert.All(OverCapacity(host.View), now => Assert.True(
            over.Contains(now) || audit.Drifts.Any(drift => drift.Kind == DriftKind.InventoryChanged), $"{now} went over its capacity"));
        return audit;
    }

    private static HashSet<ResourceClass> OverCapacity(NodeView node) =>
        [.. Enumerable.Range(0, node.Spec.Inventories.Count).Where(place => node.FreeAt(place) < 0).Select(place => node.Spec.Inventories.Classes[place])];

    private static AuditedHost RandomHost(Random random)
    {
        var host = new AuditedHost();
        var cpus = new Queue<(int Cell, int Cpu)>(Shuffled(random, [(0, 4), (0, 5), (0, 6), (0, 7), (1, 12), (1, 13), (1, 14), (1, 15)]));
        var devices = new Queue<string>(Shuffled(random, [AuditedHost.Nic, AuditedHost.Gpu]));
        for (var i = random.Next(1, 7); i > 0; i--)
        {
            var active = random.Next(4) > 0;
            var cells = random.Next(2) == 0 && cpus.TryDequeue(out var cpu) ? AuditedHost.Pinned(cpu.Cell, cpu.Cpu) : null;
            ValueList<string>? owned = random.Next(4) == 0 && devices.TryDequeue(out var device) ? [device] : null;
            host.Claim($"vm-{i}", random.Next(1, 4), active, cells, owned, leaseEnd: random.Next(2) == 0 ? Sample.Now : Sample.LeaseEnd);
        }

        return host;
    }

    private static ObservedNode Drifted(AuditedHost host, Random random)
    {
        var picture = host.Picture();
        var instances = picture.Instances.Where(_ => random.Next(6) > 0).Select(seen => Drifted(seen, random)).ToList();
        for (var i = random.Next(3); i > 0; i--)
            instances.Add(Drifted(AuditedHost.Stranger($"stranger-{i}", random.Next(1, 6)), random));
        if (random.Next(3) == 0)
            host.Elsewhere["stranger-1"] = new HeldClaims(new ClaimId(2, 99), null);
        var inventories = random.Next(3) > 0
            ? picture.Inventories
            : Sample.Spec("n", (ResourceClass.Vcpu, Sample.Inventory(random.Next(1, 24))), (ResourceClass.MemoryMb, Sample.Inventory(16_384))).Inventories;
        return picture with
        {
            Instances = ValueList.From(instances),
            Inventories = inventories,
            Devices = random.Next(4) > 0 ? picture.Devices : [AuditedHost.Device(AuditedHost.Gpu)],
            Numa = random.Next(4) > 0 ? picture.Numa : new NumaTopology([AuditedHost.Cell(0, 0)]),
        };
    }

    private static ObservedInstance Drifted(ObservedInstance seen, Random random) => seen with
    {
        Amounts = random.Next(3) > 0 ? seen.Amounts : Sample.Amounts(random.Next(1, 9), 512),
        Cells = random.Next(3) > 0
            ? seen.Cells
            : [new ObservedCell(random.Next(2), 2_048, [new PinnedCpu(0, random.Next(16))], CpuSet.Empty, CpuSet.Empty, 512)],
        DeviceAddresses = random.Next(3) > 0 ? seen.DeviceAddresses : [random.Next(2) == 0 ? AuditedHost.Nic : AuditedHost.Gpu],
        Instance = random.Next(3) > 0 ? seen.Instance : seen.Instance with { VmState = "paused" },
    };

    private static T[] Shuffled<T>(Random random, T[] items)
    {
        random.Shuffle(items);
        return items;
    }
}
