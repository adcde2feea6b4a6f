using ResourceService.Load.Checking;
using ResourceService.V1;

namespace ResourceService.Load.Soaking;

/// <summary>What one caller knows of one of its instances, from answers alone.</summary>
internal sealed class SoakInstance(AcknowledgedClaim claim)
{
    public string InstanceId => Claim.InstanceId;

    /// <summary>Its primary claim.</summary>
    public AcknowledgedClaim Claim { get; set; } = claim;

    /// <summary>The move in flight, or null.</summary>
    public SoakMove? Move { get; set; }

    /// <summary>All claims that it has.</summary>
    public IEnumerable<AcknowledgedClaim> Claims => Move is null ? [Claim] : [Claim, Move.Target];
}

/// <summary>A move in flight: where it stands, and the claim that it holds on the target.</summary>
internal sealed record SoakMove(string MigrationId, MigrationType Type, MigrationState State, AcknowledgedClaim Target);
