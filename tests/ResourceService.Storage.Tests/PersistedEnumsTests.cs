using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Migrations;
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
        "NodeRegistered=1 NodeUpdated=2 NodeStateChanged=3 NodeDeleted=4 NodeFieldsChanged=5 NodeRenamed=6 InstanceClaimed=10 ClaimConfirmed=11 ClaimRenewed=12 ClaimAborted=13 "
            + "ClaimExpired=14 ClaimReleased=15 InstanceUpdated=16 InstanceStayed=17 MigrationClaimed=30 MigrationUpdated=31 MigrationConfirmed=32 MigrationReverted=33 "
            + "MigrationFailed=34 MigrationExpired=35 NodeAudited=40 InstanceAdopted=41 ClaimCorrected=42 InstanceCounted=43");

    [Fact]
    public void Claim_roles_keep_their_numbers() => AssertStored<ClaimRole>("Primary=1 MoveTarget=2 Observed=3");

    [Fact]
    public void Migration_states_keep_their_numbers() => AssertStored<MigrationState>(
        "Preparing=1 Running=2 Finished=3 Confirmed=4 Reverted=5 Failed=6 Expired=7");

    [Fact]
    public void Migration_types_keep_their_numbers() => AssertStored<MigrationType>(
        "Resize=1 ColdMigration=2 LiveMigration=3 Evacuation=4");

    [Fact]
    public void Audit_modes_keep_their_numbers() => AssertStored<AuditMode>("Report=1 Heal=2");

    [Fact]
    public void Drift_kinds_keep_their_numbers() => AssertStored<DriftKind>(
        "InventoryChanged=1 OverCapacity=2 OrphanedClaim=3 UntrackedInstance=4 MisplacedInstance=5 UsageMismatch=6 PinningMismatch=7 DeviceMissing=8 "
            + "StaleMigration=9 ExpiredLease=10 Unreadable=11 DeviceChanged=12");

    [Fact]
    public void Drift_actions_keep_their_numbers() => AssertStored<DriftAction>(
        "Reported=1 InventoryUpdated=2 ClaimReleased=3 InstanceAdopted=4 ClaimCorrected=5 MigrationEnded=6 SkippedInFlight=7 SkippedChangedSince=8 "
            + "SkippedDoesNotFit=9 SkippedUnconfirmed=10 Counted=11");

    private static void AssertStored<T>(string golden)
        where T : struct, Enum =>
        Assert.Equal(golden, string.Join(' ', Enum.GetValues<T>().Select(value => $"{value}={Convert.ToInt32(value)}")));
}
