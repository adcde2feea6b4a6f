using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Audits;

/// <summary>What runs and cannot be adopted keeps others away: it is held by a claim that audits make and end.</summary>
public class ObservedClaimTests
{
    private readonly AuditedHost _host = new();

    private Claim? Observed => _host.View.Claims.Values.SingleOrDefault(claim => claim.Role == ClaimRole.Observed);

    [Fact]
    public void An_instance_that_does_not_fit_is_counted_beyond_the_capacity_and_new_claims_are_refused()
    {
        var host = new AuditedHost(Spec(8, 8_192));
        host.Claim("i", 2, memoryMb: 4_000);

        var audit = host.Heal(With(host.Picture(), Stranger("late", 2, 6_000)));

        var drift = audit.Drifts[0];
        var counted = host.View.Claims[drift.Claim!.Value.Sequence];
        Assert.Equal("UntrackedInstance Counted, OverCapacity Reported", AuditedHost.Summary(audit));
        Assert.Equal("MEMORY_MB", drift.ResourceClass);
        Assert.Contains("and does not fit (MEMORY_MB: 6000 needed, 4192 of 8192 free): not adopted, but counted", drift.Detail, StringComparison.Ordinal);
        Assert.Equal((ClaimRole.Observed, ClaimState.Active), (counted.Role, counted.State));
        Assert.Equal([4, 10_000], UsedOf(host.View));
        Assert.Equal(-1_808, host.View.FreeAt(host.View.Spec.Inventories.IndexOf(ResourceClass.MemoryMb)));
        Assert.Equal(RefusalReason.CapacityExceeded, Refusal(host.View, Sample.Amounts(2, 4_000)));
        Assert.Equal(1, new NodeStatistics(host.View).InstanceCount);
    }

    [Fact]
    public void A_class_without_inventory_is_named_and_the_others_are_counted()
    {
        var seen = AuditedHost.Stranger("vm") with { Amounts = Sample.Amounts((ResourceClass.Vcpu, 3), (ResourceClass.DiskGb, 10)) };

        var drift = Assert.Single(_host.Heal(With(_host.Picture(), seen)).Drifts);

        Assert.Equal((DriftAction.Counted, "DISK_GB"), (drift.Action, drift.ResourceClass));
        Assert.Contains("DISK_GB: no inventory", drift.Detail, StringComparison.Ordinal);
        Assert.Equal(Sample.Amounts((ResourceClass.Vcpu, 3)), Observed!.Amounts);
    }

    [Fact]
    public void An_instance_that_is_claimed_elsewhere_keeps_its_CPUs_devices_pages_and_amounts_here()
    {
        var elsewhere = new ClaimId(2, 99);
        _host.Elsewhere["zombie"] = new HeldClaims(elsewhere, null);
        var seen = AuditedHost.Stranger("zombie", 2) with
        {
            Cells = [new ObservedCell(0, 2_048, [new PinnedCpu(0, 4), new PinnedCpu(1, 5)], CpuSet.From([6]), CpuSet.Empty, 512)],
            DeviceAddresses = [AuditedHost.Gpu],
        };

        var drift = Assert.Single(_host.Heal(With(_host.Picture(), seen)).Drifts);

        Assert.Equal((DriftKind.MisplacedInstance, DriftAction.Counted, elsewhere), (drift.Kind, drift.Action, drift.Claim));
        Assert.Contains(Observed!.Id.ToString(), drift.Detail, StringComparison.Ordinal);
        Assert.Equal(CpuSet.From([4, 5, 6]), _host.View.NumaUsage.Cells[0].PinnedCpus);
        Assert.Equal([256L], _host.View.NumaUsage.Cells[0].PagesUsed);
        Assert.Equal([0, Observed.Id.Sequence], _host.View.DeviceUsage.Owners.ToArray());
        Assert.Equal([2, 512], UsedOf(_host.View));
    }

    [Fact]
    public void CPUs_and_devices_of_others_stay_theirs_and_are_named()
    {
        var owner = _host.Claim("owner", cells: AuditedHost.Pinned(0, 4), devices: [AuditedHost.Nic]);
        var seen = AuditedHost.Stranger("vm") with
        {
            Cells = [new ObservedCell(0, 2_048, [new PinnedCpu(0, 4), new PinnedCpu(1, 0), new PinnedCpu(2, 5)], CpuSet.Empty, CpuSet.Empty, 512)],
            DeviceAddresses = [AuditedHost.Nic, AuditedHost.Gpu, "0000:ff:00.0"],
        };

        var drift = Assert.Single(_host.Heal(With(_host.Picture(), seen)).Drifts);

        Assert.Equal((DriftAction.Counted, AuditedHost.Nic), (drift.Action, drift.DeviceAddress));
        foreach (var part in new[]
        {
            $"CPU 4: owned by claim {owner.Id}", "CPU 0: not a dedicated CPU of cell 0", $"device {AuditedHost.Nic}: owned by claim {owner.Id}",
            "device 0000:ff:00.0: not on the node",
        })
            Assert.Contains(part, drift.Detail, StringComparison.Ordinal);
        Assert.Equal(CpuSet.From([5]), Observed!.Assignment.Cells[0].OwnedCpus());
        Assert.Equal(AuditedHost.Gpu, Assert.Single(Observed.Assignment.Devices).Address);
    }

    [Fact]
    public void The_same_report_again_changes_nothing()
    {
        var picture = With(With(_host.Picture(), AuditedHost.Stranger("vm", 17)), AuditedHost.Stranger("other", 17));
        _host.Heal(picture);
        var before = _host.View;

        var again = _host.Heal(picture with { Generation = before.Generation });

        Assert.Equal(before.Generation, _host.View.Generation);
        Assert.Equal(before.Claims, _host.View.Claims);
        Assert.Equal(2, again.Drifts.Count(drift => drift.Action == DriftAction.Counted));
        Assert.Equal(0, again.HealedCount);
    }

    [Fact]
    public void An_observed_claim_follows_what_its_host_runs()
    {
        _host.Heal(With(_host.Picture(), AuditedHost.Stranger("vm", 17)));
        var id = Observed!.Id;

        _host.Heal(Seeing(AuditedHost.Stranger("vm", 18)));

        Assert.Equal((id, 18L), (Observed.Id, Observed.Amounts.Of(ResourceClass.Vcpu)));
    }

    [Fact]
    public void It_ends_when_a_report_of_all_instances_no_longer_names_its_instance_and_not_before()
    {
        _host.Heal(With(_host.Picture(), AuditedHost.Stranger("vm", 17)));
        var gone = _host.Picture();

        _host.Heal(gone with { Scopes = AuditScopes.Inventories });
        _host.Heal(gone with { Generation = 1 });
        Assert.NotNull(Observed);
        var drift = Assert.Single(_host.Heal(gone).Drifts);

        Assert.Equal((DriftKind.OrphanedClaim, DriftAction.ClaimReleased), (drift.Kind, drift.Action));
        Assert.Empty(_host.View.Claims);
    }

    [Fact]
    public void It_ends_also_while_its_instance_moves_between_other_nodes()
    {
        _host.Elsewhere["vm"] = new HeldClaims(new ClaimId(2, 99), new ClaimId(3, 98));
        _host.Heal(With(_host.Picture(), AuditedHost.Stranger("vm")));
        Assert.NotNull(Observed);

        Assert.Equal("OrphanedClaim ClaimReleased", AuditedHost.Summary(_host.Heal(_host.Picture())));
    }

    [Fact]
    public void An_instance_that_fits_later_is_adopted_and_counted_once()
    {
        var other = _host.Claim("other", 15);
        _host.Heal(With(_host.Picture(), AuditedHost.Stranger("vm", 2)));
        _host.Node.Release(other);

        var audit = _host.Heal(Seeing(AuditedHost.Stranger("vm", 2)));

        Assert.Equal("UntrackedInstance InstanceAdopted", AuditedHost.Summary(audit));
        Assert.Equal(ClaimRole.Primary, Assert.Single(_host.View.Claims.Values).Role);
        Assert.Equal([2, 512], UsedOf(_host.View));
    }

    [Fact]
    public void Nobody_is_adopted_into_the_room_of_what_is_counted()
    {
        _host.Elsewhere["zombie"] = new HeldClaims(new ClaimId(2, 99), null);
        _host.Heal(With(_host.Picture(), AuditedHost.Stranger("zombie", 12)));

        var audit = _host.Heal(With(With(_host.Picture(), AuditedHost.Stranger("zombie", 12)), AuditedHost.Stranger("vm", 8)));

        Assert.Equal("MisplacedInstance Counted, UntrackedInstance Counted, OverCapacity Reported", AuditedHost.Summary(audit));
        Assert.Equal([20, 1_024], UsedOf(_host.View));
    }

    [Fact]
    public void A_picture_from_before_an_observed_claim_does_not_touch_it()
    {
        var picture = With(_host.Picture(), AuditedHost.Stranger("vm", 17));
        _host.Heal(picture);
        var before = _host.View;

        var audit = _host.Heal(With(picture with { Instances = [] }, AuditedHost.Stranger("vm", 2)));

        Assert.Equal(DriftAction.SkippedChangedSince, audit.Drifts[0].Action);
        Assert.Equal(before.Claims, _host.View.Claims);
    }

    [Fact]
    public void What_an_instance_has_beyond_its_claim_is_counted_when_the_claim_cannot_be_corrected()
    {
        var claim = _host.Claim("vm", 2);
        _host.Claim("other", 10);
        var picture = _host.Picture();
        var grown = picture with { Instances = [AuditedHost.Observe(claim) with { Amounts = Sample.Amounts(10, 512) }, picture.Instances[1]] };

        _host.Heal(grown);
        Assert.Equal([20, 1_024], UsedOf(_host.View));
        Assert.Equal(8, Observed!.Amounts.Of(ResourceClass.Vcpu));
        var before = _host.View.Generation;
        _host.Heal(grown with { Generation = before });
        Assert.Equal(before, _host.View.Generation);

        _host.Heal(picture with { Generation = before });
        Assert.Null(Observed);
        Assert.Equal([12, 1_024], UsedOf(_host.View));
    }

    [Fact]
    public void A_claim_of_the_instance_itself_takes_the_place_of_what_is_counted()
    {
        _host.Elsewhere["vm"] = new HeldClaims(new ClaimId(2, 99), null);
        _host.Heal(With(_host.Picture(), AuditedHost.Stranger("vm", 12)));
        var counted = Observed!;

        Assert.NotNull(Claim(observed: null).Refusal);
        var decision = Claim(counted.Id);
        _host.Node.Apply(decision);

        Assert.Null(Observed);
        Assert.Equal(12, Assert.Single(_host.View.Claims.Values).Amounts.Of(ResourceClass.Vcpu));

        Decision Claim(ClaimId? observed) => ClaimRules.Claim(
            _host.View, ResourceRequest.Of(Sample.Amounts(12, 512)), null,
            Sample.HeldClaim(new ClaimId(1, 900), Sample.Instance("vm"), Sample.Amounts(12, 512)), observed);
    }

    [Fact]
    public void Its_state_is_not_for_callers_to_change()
    {
        _host.Heal(With(_host.Picture(), AuditedHost.Stranger("vm", 17)));
        var id = Observed!.Id;

        foreach (var decision in new[]
        {
            ClaimRules.Confirm(_host.View, id, null, Sample.Now), ClaimRules.Renew(_host.View, id, null, Sample.LeaseEnd, Sample.Now),
            ClaimRules.Abort(_host.View, id, null, "", Sample.Now),
        })
            Assert.Equal(RefusalKind.ClaimWrongState, decision.Refusal?.Kind);
        Assert.Null(ClaimRules.Release(_host.View, id, null, "", Sample.Now).Refusal);
    }

    private static NodeSpec Spec(long vcpus, long memoryMb) => Sample.Spec(
        Sample.NodeName, (ResourceClass.Vcpu, Sample.Inventory(vcpus)), (ResourceClass.MemoryMb, Sample.Inventory(memoryMb)));

    private static ObservedInstance Stranger(string instance, long vcpus, long memoryMb) =>
        AuditedHost.Stranger(instance) with { Amounts = Sample.Amounts(vcpus, memoryMb) };

    private static ObservedNode With(ObservedNode picture, ObservedInstance instance) => picture with { Instances = [.. picture.Instances, instance] };

    private ObservedNode Seeing(ObservedInstance instance) => With(_host.Picture(), instance);

    private static long[] UsedOf(NodeView node) =>
        [node.Used[node.Spec.Inventories.IndexOf(ResourceClass.Vcpu)], node.Used[node.Spec.Inventories.IndexOf(ResourceClass.MemoryMb)]];

    private static RefusalReason Refusal(NodeView node, ResourceAmounts amounts) => FitRules.FirstRefusalOfAmounts(node, ResourceRequest.Of(amounts));
}
