using ResourceService.Ledger.Migrations;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Grpc;

/// <summary>From the ledger's moves to the contract's. The ledger numbers states and types as the contract does, and neither may change its numbers.</summary>
internal static class MigrationMapping
{
    /// <summary>A move as it is.</summary>
    public static V1.Migration ToContract(Migration migration, NodeDirectory nodes) => new()
    {
        MigrationId = migration.Id.ToString(),
        Type = ToContract(migration.Type),
        State = ToContract(migration.State),
        InstanceId = migration.Instance.Value,
        SourceNodeId = nodes.Find(migration.Source.NodeKey)!.View.Id.Value,
        TargetNodeId = nodes.Find(migration.Target.NodeKey)!.View.Id.Value,
        SourceClaimId = migration.Source.ToString(),
        TargetClaimId = migration.Target.ToString(),
        LeaseExpireTime = migration.LeaseEnd is { } lease ? ContractMapping.ToContract(lease) : null,
        CreateTime = ContractMapping.ToContract(migration.CreateTime),
        UpdateTime = ContractMapping.ToContract(migration.UpdateTime),
        EndTime = migration.EndTime is { } end ? ContractMapping.ToContract(end) : null,
        Reason = migration.Reason,
        TargetNodeGeneration = migration.Generation,
    };

    /// <summary>A move's state.</summary>
    public static V1.MigrationState ToContract(MigrationState state) => (V1.MigrationState)state;

    /// <summary>A move's type.</summary>
    public static V1.MigrationType ToContract(MigrationType type) => (V1.MigrationType)type;

    /// <summary>A move's type, by the contract's name.</summary>
    public static MigrationType ToLedger(V1.MigrationType type) => (MigrationType)type;

    /// <summary>A move's state, by the contract's name.</summary>
    public static MigrationState ToLedger(V1.MigrationState state) => (MigrationState)state;
}
