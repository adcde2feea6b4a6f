using CsCheck;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Audits;

/// <summary>
/// Hosts that differ from their ledgers in every way at once, at random, while instances move to them and away. Whatever they report: the node's
/// equations hold after each audit, nothing that was not over capacity is over after it unless the host has less, a picture from before changes undoes
/// none of them, two audits of a picture that is new heal all that can be healed, and a third changes nothing.
/// <c>CsCheck_Seed=SEED</c> repeats a failure.
/// </summary>
public class HealConvergenceTests
{
    private const int Hosts = 2_000;

    // Before and after the end of all leases, and when a move without progress is stale.
    private static readonly TimeSpan[] _passed = [TimeSpan.Zero, Sample.Lease.Add(TimeSpan.FromSeconds(1)), TimeSpan.FromHours(2)];

    [Fact]
    public void Two_audits_heal_what_can_be_healed_and_a_third_changes_nothing()
    {
        var met = new HashSet<(DriftKind, DriftAction)>();
        Gen.Int[0, int.MaxValue].Sample(
            number =>
            {
                var random = new Random(number);
                var host = RandomHost(random);
                var moves = RandomMoves(host, random);
                var picture = Drifted(host, random);
                var now = Sample.Now.Add(random.GetItems(_passed, 1)[0]);
                if (random.Next(2) == 0)
                    HealFromBefore(host, picture, random, met, now);
                for (var i = 0; i < 2; i++)
                    Heal(host, picture with { Generation = host.View.Generation }, met, now, moves);
                var before = host.View;
                var third = Heal(host, picture with { Generation = before.Generation }, met, now, moves);

                Assert.True(third.HealedCount == 0, $"Host {number}: the third audit heals {AuditedHost.Summary(third)}");
                Assert.Equal(before.Generation, host.View.Generation);
                AssertHeld(host.View, picture, number);
            },
            iter: Hosts,
            threads: 1);

        // Every kind that a host of one node can show, and everything that is done about it.
        Assert.Superset(
            new HashSet<(DriftKind, DriftAction)>
            {
                (DriftKind.InventoryChanged, DriftAction.InventoryUpdated),
                (DriftKind.OverCapacity, DriftAction.Reported),
                (DriftKind.InventoryChanged, DriftAction.SkippedChangedSince),
                (DriftKind.OrphanedClaim, DriftAction.ClaimReleased),
                (DriftKind.OrphanedClaim, DriftAction.SkippedInFlight),
                (DriftKind.OrphanedClaim, DriftAction.SkippedChangedSince),
                (DriftKind.OrphanedClaim, DriftAction.SkippedUnconfirmed),
                (DriftKind.UntrackedInstance, DriftAction.InstanceAdopted),
                (DriftKind.UntrackedInstance, DriftAction.Counted),
                (DriftKind.UntrackedInstance, DriftAction.SkippedChangedSince),
                (DriftKind.MisplacedInstance, DriftAction.Counted),
                (DriftKind.MisplacedInstance, DriftAction.SkippedChangedSince),
                (DriftKind.UsageMismatch, DriftAction.ClaimCorrected),
                (DriftKind.UsageMismatch, DriftAction.SkippedDoesNotFit),
                (DriftKind.UsageMismatch, DriftAction.SkippedInFlight),
                (DriftKind.UsageMismatch, DriftAction.SkippedChangedSince),
                (DriftKind.PinningMismatch, DriftAction.ClaimCorrected),
                (DriftKind.PinningMismatch, DriftAction.SkippedDoesNotFit),
                (DriftKind.PinningMismatch, DriftAction.SkippedInFlight),
                (DriftKind.PinningMismatch, DriftAction.SkippedChangedSince),
                (DriftKind.DeviceMissing, DriftAction.Reported),
                (DriftKind.StaleMigration, DriftAction.Reported),
                (DriftKind.ExpiredLease, DriftAction.ClaimReleased),
                (DriftKind.ExpiredLease, DriftAction.MigrationEnded),
            },
            met);
    }

    // Changes after the picture, then its audit: whatever the picture says of them, they stay.
    private static void HealFromBefore(AuditedHost host, ObservedNode picture, Random random, HashSet<(DriftKind, DriftAction)> met, Instant now)
    {
        if (random.Next(3) == 0)
            host.Node.Decide(view => NodeRules.Register(view, view.Spec with { Traits = ["NEW"] }, null, Sample.Now));
        host.Claim("late");
        var settled = host.View.Claims.Values.Where(claim => claim.State == ClaimState.Active && !host.Elsewhere.ContainsKey(claim.Instance.Id.Value)).ToList();
        var released = settled[random.Next(settled.Count)];
        var changed = settled[random.Next(settled.Count)];
        if (random.Next(2) == 0)
            host.Node.Release(released);
        if (host.View.Claims.ContainsKey(changed.Id.Sequence))
            host.Node.Decide(view => ClaimRules.UpdateInstance(view, changed.Id, null, instance => instance with { VmState = "stopped" }, Sample.Now));
        var before = host.View;

        Heal(host, picture, met, now, []);

        foreach (var claim in before.Claims.Values.Where(claim => claim.Generation > picture.Generation))
            Assert.Equal(claim, host.View.Claims.GetValueOrDefault(claim.Id.Sequence));
        if (!before.Claims.ContainsKey(released.Id.Sequence))
            Assert.DoesNotContain(host.View.Claims.Values, claim => claim.Instance.Id == released.Instance.Id);
    }

    private static Audit Heal(
        AuditedHost host, ObservedNode picture, HashSet<(DriftKind, DriftAction)> met, Instant now, IReadOnlyCollection<DrivenMove> moves)
    {
        var over = OverCapacity(Admitted(host.View));
        var audit = host.Heal(picture, now);
        foreach (var drift in audit.Drifts)
            met.Add((drift.Kind, drift.Action));
        Assert.All(OverCapacity(Admitted(host.View)), now => Assert.True(
            over.Contains(now) || audit.Drifts.Any(drift => drift.Kind == DriftKind.InventoryChanged), $"{now} went over its capacity"));
        // What an audit ends, its instance holds no more.
        foreach (var move in moves.Where(move => move.Target == host.Node && move.InFlight is null))
            host.Elsewhere[move.Instance.Value] = new HeldClaims(move.SourceId, null);
        return audit;
    }

    // What runs is nobody else's: each class at least as much as all instances have, each CPU and device owned or blocked by an owner.
    private static void AssertHeld(NodeView node, ObservedNode picture, int number)
    {
        for (var i = 0; i < node.Spec.Inventories.Count; i++)
        {
            var running = picture.Instances.Sum(seen => seen.Amounts.Of(node.Spec.Inventories.Classes[i]));
            Assert.True(node.Used[i] >= running, $"Host {number}: {running} of {node.Spec.Inventories.Classes[i]} run, and {node.Used[i]} are used");
        }

        var owned = node.NumaUsage.Cells.Aggregate(CpuSet.Empty, (all, cell) => all.Union(cell.PinnedCpus));
        var dedicated = (node.Spec.Numa?.Cells ?? []).Aggregate(CpuSet.Empty, (all, cell) => all.Union(cell.DedicatedCpus));
        var runsOn = CpuSet.From(picture.Instances.SelectMany(seen => seen.Cells).SelectMany(cell => cell.Pinning).Select(pin => pin.HostCpu).Distinct());
        Assert.True(
            runsOn.Intersect(dedicated).Except(owned).Count == 0,
            $"Host {number}: CPUs {string.Join(' ', runsOn.Intersect(dedicated).Except(owned))} are run on and nobody's");
        foreach (var (device, place) in node.Spec.Devices.Select((device, place) => (device, place)))
        {
            Assert.True(
                node.DeviceUsage.StatusOf(place) != DeviceStatus.Free || !picture.Instances.Any(seen => seen.DeviceAddresses.Contains(device.Address)),
                $"Host {number}: device {device.Address} is attached and free");
        }
    }

    // Without what was only counted.
    private static NodeView Admitted(NodeView node) => NodeView.Restore(node, node.Claims.Values.Where(claim => claim.Role != ClaimRole.Observed), []);

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

    // To the host and away from it, with a lease or, once they are finished, without.
    private static List<DrivenMove> RandomMoves(AuditedHost host, Random random)
    {
        var moves = new List<DrivenMove>();
        for (var i = random.Next(4); i > 0; i--)
        {
            if (host.View.FreeAt(host.View.Spec.Inventories.IndexOf(ResourceClass.Vcpu)) < 2)
                break;
            var other = DrivenNode.Registered(nodeKey: 1 + i);
            var move = random.Next(2) == 0 ? new DrivenMove(other, host.Node, $"mover-{i}") : new DrivenMove(host.Node, other, $"mover-{i}");
            move.Start();
            if (random.Next(2) == 0)
                move.Update(MigrationStep.Finish);
            host.Elsewhere[move.Instance.Value] = new HeldClaims(move.SourceId, move.TargetId);
            moves.Add(move);
        }

        return moves;
    }

    private static ObservedNode Drifted(AuditedHost host, Random random)
    {
        var arrived = host.View.Claims.Values.Where(claim => claim.Role == ClaimRole.MoveTarget && random.Next(2) == 0).Select(AuditedHost.Observe);
        var picture = host.Picture();
        picture = picture with { Instances = [.. picture.Instances, .. arrived] };
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
