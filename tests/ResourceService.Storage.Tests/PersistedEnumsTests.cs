using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using Xunit;

namespace ResourceService.Storage.Tests;

/// <summary>Numbers that are in people's databases. A new value gets a new line here; no line is ever changed.</summary>
public class PersistedEnumsTests
{
    [Fact]
    public void Claim_states_keep_their_numbers() => AssertStored<ClaimState>(
        "Held=1 Active=2 Released=3 Aborted=4 Expired=5");

    [Fact]
    public void Node_states_keep_their_numbers() => AssertStored<NodeState>(
        "Absent=0 Enabled=1 Disabled=2 Draining=3");

    [Fact]
    public void Device_types_keep_their_numbers() => AssertStored<DeviceType>(
        "Pci=1 PhysicalFunction=2 VirtualFunction=3 Vdpa=4");

    [Fact]
    public void Change_kinds_keep_their_numbers() => AssertStored<ChangeKind>(
        "NodeRegistered=1 NodeUpdated=2 NodeStateChanged=3 NodeDeleted=4 InstanceClaimed=10 ClaimConfirmed=11 ClaimRenewed=12 ClaimAborted=13 "
            + "ClaimExpired=14 ClaimReleased=15 InstanceUpdated=16");

    private static void AssertStored<T>(string golden)
        where T : struct, Enum =>
        Assert.Equal(golden, string.Join(' ', Enum.GetValues<T>().Select(value => $"{value}={Convert.ToInt32(value)}")));
}
