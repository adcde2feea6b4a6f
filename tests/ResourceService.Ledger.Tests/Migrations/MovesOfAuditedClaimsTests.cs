using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Audits;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Migrations;

/// <summary>Audits give claims what no request asked for. A move that says nothing of resources takes it along.</summary>
public sealed class MovesOfAuditedClaimsTests
{
    private readonly AuditedHost _host = new();
    private readonly DrivenNode _target = DrivenNode.Registered(AuditedHost.Spec() with { Id = new NodeId("target") }, nodeKey: 2);

    [Theory]
    [InlineData(MigrationType.LiveMigration)]
    [InlineData(MigrationType.Evacuation)]
    public void An_adopted_instance_takes_along_what_it_was_found_with(MigrationType type)
    {
        var pinned = AuditedHost.Pinned(1, 13, 14)[0] with { EmulatorCpus = CpuSet.From([12]) };
        var source = Adopt("vm", 3, [pinned], AuditedHost.Nic, AuditedHost.Gpu);

        var moved = Move(source, type);

        var cell = Assert.Single(moved.Assignment.Cells);
        Assert.Equal([0, 1], cell.Pinning.Select(pin => pin.GuestCpu));
        Assert.Equal((3, 2_048, 256), (cell.OwnedCpus().Count, cell.PageSizeKb, cell.PageCount));
        Assert.Single(cell.EmulatorCpus);
        Assert.Equal([AuditedHost.Nic, AuditedHost.Gpu], moved.Assignment.Devices.Select(device => device.Address).Order());
        Assert.Equal(source.Amounts, moved.Amounts);
    }

    [Fact]
    public void Cells_with_pinned_and_floating_CPUs_stay_mixed()
    {
        var floating = AuditedHost.Pinned(1, 12)[0] with { SharedVcpus = CpuSet.From([2, 3]), Pinning = [] };
        var source = Adopt("vm", 4, [AuditedHost.Pinned(0, 4, 5)[0], floating]);

        var cells = Move(source).Assignment.Cells;

        Assert.Equal([2, 0], cells.Select(cell => cell.Pinning.Count));
        Assert.Equal([0, 2], cells.Select(cell => cell.SharedVcpus.Count));
    }

    [Fact]
    public void A_corrected_claim_takes_along_what_it_was_corrected_to()
    {
        var asked = NumaSample.Pinned(NumaSample.Asked(dedicated: 1, memoryMb: 512)) with { ThreadPolicy = CpuThreadPolicy.Isolate };
        var candidate = Sample.HeldClaim(new ClaimId(1, 1), Sample.Instance("vm"), Sample.Amounts(1, 512));
        candidate = candidate with { Request = candidate.Request with { Numa = asked } };
        _host.Node.Decide(node => ClaimRules.Claim(node, candidate.Request, null, candidate));
        var claim = _host.Node.Confirm(_host.Get(candidate));
        var seen = AuditedHost.Observe(claim) with { Amounts = Sample.Amounts(2, 1_024), DeviceAddresses = [AuditedHost.Nic] };
        seen = seen with
        {
            Cells =
            [
                seen.Cells[0] with
                {
                    Pinning = [new PinnedCpu(0, 12), new PinnedCpu(1, 13)], EmulatorCpus = CpuSet.From([14]), HostCellId = 1, MemoryMb = 1_024,
                },
            ],
        };
        _host.Heal(_host.Picture() with { Instances = [seen] });
        Assert.Equal(1, _host.Get(claim).Assignment.Cells[0].HostCellId);

        var moved = Move(_host.Get(claim));

        Assert.Equal((2, 1_024), (moved.Assignment.Cells[0].Pinning.Count, moved.Assignment.Cells[0].MemoryMb));
        Assert.Single(moved.Assignment.Cells[0].EmulatorCpus);
        Assert.Equal(CpuThreadPolicy.Isolate, moved.Request.Numa!.ThreadPolicy);
        Assert.Single(moved.Assignment.Devices);
    }

    [Fact]
    public void What_was_asked_for_is_asked_for_again()
    {
        var asked = NumaSample.Pinned(new NumaCellRequest(CpuSet.Empty, CpuSet.From([0]), 512, PageSizePolicy.Any, 0));
        var device = new DeviceRequest("nic", 1, [new DeviceDescription("8086", null, null, [])], DeviceNumaPolicy.Preferred);
        var candidate = Sample.HeldClaim(new ClaimId(1, 1), Sample.Instance("vm"), Sample.Amounts(1, 512));
        candidate = candidate with { Request = candidate.Request with { Numa = asked, Devices = [device] } };
        _host.Node.Decide(node => ClaimRules.Claim(node, candidate.Request, null, candidate));

        Assert.Same(candidate.Request, Move(_host.Node.Confirm(_host.Get(candidate))).Request);
    }

    [Fact]
    public void A_detached_device_is_not_asked_for_again_and_an_exchanged_one_answers_the_same_request()
    {
        var device = new DeviceRequest("nics", 2, [new DeviceDescription("8086", null, null, [])], DeviceNumaPolicy.Preferred);
        var candidate = Sample.HeldClaim(new ClaimId(1, 1), Sample.Instance("vm"), Sample.Amounts(1, 512));
        candidate = candidate with { Request = candidate.Request with { Devices = [device] } };
        _host.Node.Decide(node => ClaimRules.Claim(node, candidate.Request, null, candidate));
        var claim = _host.Node.Confirm(_host.Get(candidate));
        Heal(claim, AuditedHost.Nic);

        var moved = Start(_host.Node, _host.Get(claim), _target, MigrationType.ColdMigration);
        Assert.Equal([device with { Count = 1 }], ((MigrationChanged)moved.Changes[0]).TargetAfter.Request.Devices);

        Heal(claim, AuditedHost.Gpu);
        var given = Assert.Single(_host.Get(claim).Assignment.Devices);
        Assert.Equal(("nics", AuditedHost.Gpu), (given.RequestName, given.Address));
        Heal(claim, AuditedHost.Nic, AuditedHost.Gpu);
        Assert.Same(claim.Request, HeldRequestOf(claim));
        Heal(claim);
        Assert.Empty(HeldRequestOf(claim).Devices);
    }

    [Fact]
    public void A_move_of_a_move_asks_for_the_same()
    {
        var first = Move(Adopt("vm", 2, AuditedHost.Pinned(0, 4), AuditedHost.Nic));
        var third = DrivenNode.Registered(AuditedHost.Spec() with { Id = new NodeId("third") }, nodeKey: 3);
        Confirm(first);

        var again = Start(_target, _target.View.Claims[first.Id.Sequence], third, MigrationType.ColdMigration);

        Assert.Null(again.Refusal);
        Assert.Equal(first.Request, ((MigrationChanged)again.Changes[0]).TargetAfter.Request);
    }

    [Fact]
    public void What_does_not_fit_is_refused_by_its_name()
    {
        var bare = DrivenNode.Registered(AuditedHost.Spec() with { Id = new NodeId("bare"), Devices = [] }, nodeKey: 3);
        var source = Adopt("vm", 2, [], AuditedHost.Nic);

        var refusal = Start(_host.Node, source, bare, MigrationType.ColdMigration).Refusal!;

        Assert.Equal((RefusalKind.DoesNotFit, "found by audit 1"), (refusal.Kind, Assert.Single(refusal.Dimensions).Subject));
    }

    [Fact]
    public void A_device_that_the_source_has_lost_has_to_be_described()
    {
        var source = Adopt("vm", 2, [], AuditedHost.Nic);
        _host.Node.Decide(node => NodeRules.Register(node, node.Spec with { Devices = [AuditedHost.Device(AuditedHost.Gpu)] }, null, Sample.Now));

        var refusal = Start(_host.Node, source, _target, MigrationType.ColdMigration).Refusal!;

        Assert.Equal(RefusalKind.ClaimWrongState, refusal.Kind);
        Assert.Contains(AuditedHost.Nic, refusal.Message, StringComparison.Ordinal);
        Assert.Null(Start(_host.Node, source, _target, MigrationType.ColdMigration, Sample.Request(source.Amounts)).Refusal);
    }

    private Claim Adopt(string instance, long vcpus, ValueList<CellAssignment> cells, params ValueList<string> devices)
    {
        var like = Sample.HeldClaim(new ClaimId(1, 1), Sample.Instance(instance), Sample.Amounts(vcpus, 512)) with
        {
            Assignment = new Assignment(cells, ValueList.From(devices.Select(address => new AssignedDevice("", address)))),
        };
        var audit = _host.Heal(_host.Picture() with { Instances = [AuditedHost.Observe(like)] });
        Assert.Equal("UntrackedInstance InstanceAdopted", AuditedHost.Summary(audit));
        return Assert.Single(_host.View.Claims.Values);
    }

    private void Heal(Claim claim, params ValueList<string> attached) =>
        _host.Heal(_host.Picture() with { Instances = [AuditedHost.Observe(_host.Get(claim)) with { DeviceAddresses = attached }] });

    private ResourceRequest HeldRequestOf(Claim claim)
    {
        var target = DrivenNode.Registered(AuditedHost.Spec() with { Id = new NodeId("next") }, nodeKey: 9);
        return ((MigrationChanged)Start(_host.Node, _host.Get(claim), target, MigrationType.ColdMigration).Changes[0]).TargetAfter.Request;
    }

    private Claim Move(Claim source, MigrationType type = MigrationType.ColdMigration)
    {
        var decision = Start(_host.Node, source, _target, type);
        Assert.Null(decision.Refusal);
        return ((MigrationChanged)decision.Changes[0]).TargetAfter;
    }

    private void Confirm(Claim moved)
    {
        var confirmed = MigrationRules.Confirm(_target.View, _host.View, MigrationId.Of(moved.Id), ofResize: false, null, Sample.Now);
        _target.Apply(new Decision(confirmed.OnTarget, confirmed.Refusal));
    }

    private static Decision Start(DrivenNode source, Claim claim, DrivenNode target, MigrationType type, ResourceRequest? resources = null) => target.Decide(view =>
        MigrationRules.Claim(
            source.View, claim.Id, view, new MoveRequest(type, claim.Instance.Id, resources, Sample.Lease, null), target.NextClaimId(), Sample.Now));
}
