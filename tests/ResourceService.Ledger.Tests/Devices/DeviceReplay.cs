using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Ledger.Tests.Devices;

/// <summary>
/// Does with the ledger what a vector did with Nova: a claim is a held claim, allocating confirms it, freeing releases it, and a restart of Nova is a
/// new report.
/// </summary>
internal sealed class DeviceReplay
{
    private readonly DeviceVectorInput _input;
    private readonly DrivenNode _node;
    private readonly Dictionary<string, Claim> _claims = new(StringComparer.Ordinal);
    private long _lastSequence;

    public DeviceReplay(DeviceVectorInput input)
    {
        _input = input;
        _node = DrivenNode.Registered(Sample.Spec() with { Numa = input.Topology, Devices = input.Report(input.Devices) });
    }

    private DeviceUsage Usage => _node.View.DeviceUsage;

    /// <summary>What a claim of the step would be given; null when it is refused.</summary>
    public ValueList<AssignedDevice>? Decide(DeviceVectorStep step)
    {
        var (requests, cells) = (step.ToLedger(), step.InstanceHostCells ?? []);
        var assigned = DeviceFit.TryAssign(_node.View.Spec, Usage, requests, cells, out var devices);
        Xunit.Assert.Equal(assigned, DeviceFit.Supports(_node.View.Spec, Usage, requests, cells));
        return assigned ? devices : null;
    }

    /// <summary>
    /// Whether devices meet requests of which Nova's order leaves one too little, although each can be met by itself: there we match, on purpose.
    /// </summary>
    public bool IsMatched(DeviceVectorStep step, ValueList<AssignedDevice> devices)
    {
        var reference = new DeviceReference(_node.View.Spec, _claims.Values.SelectMany(claim => claim.Assignment.Devices), step.InstanceHostCells ?? []);
        var requests = step.ToLedger();
        return reference.Give(requests) is null && reference.AnyAssignmentWillDo(requests) && !reference.Faults(requests, devices).Any();
    }

    /// <summary>Gives an instance the devices that Nova gave it.</summary>
    public void Claim(string instance, string[][] given)
    {
        var devices = given.Select(pair => new AssignedDevice(pair[0], pair[1]) { ParentAddress = Reported(pair[1]).ParentAddress });
        var claim = Sample.HeldClaim(new ClaimId(_node.View.NodeKey, ++_lastSequence), Sample.Instance(instance), ResourceAmounts.Empty) with
        {
            Assignment = new Assignment([], ValueList.From(devices)),
            Generation = _node.View.Generation + 1,
        };
        _claims.Add(instance, claim);
        _node.Apply(Decision.Accept(new ClaimChanged(ChangeKind.InstanceClaimed, Sample.Now, null, claim, "")));
    }

    /// <summary>Any step that is no claim.</summary>
    public void Run(DeviceVectorStep step)
    {
        switch (step.Op)
        {
            case "restart":
                var spec = _node.View.Spec with { Devices = _input.Report(step.Devices) };
                _node.Decide(view => NodeRules.Register(view, spec, null, Sample.Now));
                break;
            case "allocate" when _claims.TryGetValue(step.Instance, out var held):
                _claims[step.Instance] = _node.Confirm(held);
                break;
            case "free" when _claims.Remove(step.Instance, out var owned):
                _node.Release(owned);
                break;
            case "allocate" or "free":
                // The instance's claim was refused.
                break;
            default:
                throw new FormatException(step.Op);
        }
    }

    /// <summary>The devices that cannot be claimed, each with its state and owner.</summary>
    public SortedDictionary<string, string> NotAvailable()
    {
        var states = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (instance, claim) in _claims)
        {
            foreach (var device in claim.Assignment.Devices)
                states.Add(device.Address, $"{(claim.State == ClaimState.Active ? "allocated" : "claimed")} {instance}");
        }

        var (missing, reported) = (_claims.Values.SelectMany(Usage.MissingOf).ToList(), _node.View.Spec.Devices);
        for (var place = 0; place < reported.Count; place++)
        {
            var address = reported[place].Address;
            Xunit.Assert.Equal(states.ContainsKey(address), Usage.StatusOf(place) == DeviceStatus.Claimed);
            if (Usage.StatusOf(place) == DeviceStatus.Blocked)
                states.Add(address, "blocked");
        }

        Xunit.Assert.Equal(states.Count, missing.Count + reported.Where((_, place) => Usage.StatusOf(place) != DeviceStatus.Free).Count());
        return states;
    }

    private Device Reported(string address) => _node.View.Spec.Devices.Single(device => device.Address == address);
}
