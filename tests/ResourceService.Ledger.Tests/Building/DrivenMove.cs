using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Tests.Building;

/// <summary>
/// An instance with an active claim that moves, driven as the service drives it: the rules decide on the pictures of both nodes, and each ledger
/// applies its own part. Source and target are the same node for a resize in place.
/// </summary>
internal sealed class DrivenMove
{
    public DrivenMove(DrivenNode source, DrivenNode target, string instance = "mover", ResourceAmounts? amounts = null)
    {
        (Source, Target) = (source, target);
        SourceId = source.Confirm(source.Claim(instance, amounts ?? Sample.Amounts(2, 512))).Id;
        Instance = new InstanceId(instance);
    }

    public DrivenNode Source { get; }

    public DrivenNode Target { get; }

    public InstanceId Instance { get; }

    /// <summary>The instance's claim on the source.</summary>
    public ClaimId SourceId { get; }

    /// <summary>The claim on the target, once the move was started.</summary>
    public ClaimId TargetId { get; private set; }

    public MigrationId Id => MigrationId.Of(TargetId);

    /// <summary>The move while it is in flight.</summary>
    public Migration? InFlight => Target.View.Migrations.GetValueOrDefault(TargetId.Sequence);

    public Claim? SourceClaim => Source.View.Claims.GetValueOrDefault(SourceId.Sequence);

    public Claim? TargetClaim => Target.View.Claims.GetValueOrDefault(TargetId.Sequence);

    public static MoveRequest Request(
        MigrationType type = MigrationType.ColdMigration, ResourceAmounts? amounts = null, long? generation = null, string instance = "mover") =>
        new(type, new InstanceId(instance), amounts is null ? null : Sample.Request(amounts), Sample.Lease, generation);

    public Decision TryStart(MoveRequest request)
    {
        TargetId = Target.NextClaimId();
        return Target.Decide(view => MigrationRules.Claim(Source.View, SourceId, view, request, TargetId, Sample.Now));
    }

    /// <summary>Starts a move that is known to be possible.</summary>
    public DrivenMove Start(MigrationType type = MigrationType.ColdMigration, ResourceAmounts? amounts = null)
    {
        _ = (MigrationChanged)TryStart(Request(type, amounts)).Changes[0];
        return this;
    }

    public Decision Update(MigrationStep step, string reason = "", long? generation = null, Instant? leaseEnd = null, Instant? now = null) =>
        Target.Decide(view => MigrationRules.Update(view, Id, step, reason, generation, leaseEnd ?? Sample.LeaseEnd, now ?? Sample.Now));

    public MoveDecision Confirm(bool ofResize = false, long? generation = null, Instant? now = null) =>
        Apply(MigrationRules.Confirm(Target.View, Source.View, Id, ofResize, generation, now ?? Sample.Now));

    public MoveDecision End(MigrationStep step, bool? ofResize = null, string reason = "", long? generation = null, Instant? now = null) =>
        Apply(MigrationRules.End(Target.View, Source.View, Id, step, ofResize, reason, generation, now ?? Sample.Now));

    public MoveDecision Release(string reason = "deleted") =>
        Apply(MigrationRules.Release(Target.View, TargetId, Source.View, SourceId, reason, Sample.Now));

    public void Expire(Instant now)
    {
        var target = Target.View;
        var changes = Target.Decide(view => ClaimRules.Expire(view, now)).Changes;
        foreach (var (_, stays) in MigrationRules.StaysElsewhere(target, changes, _ => Source.View).ToList())
            Source.Apply(Decision.Accept(stays));
    }

    private MoveDecision Apply(MoveDecision decision)
    {
        Target.Apply(new Decision(decision.OnTarget, decision.Refusal));
        Source.Apply(new Decision(decision.OnSource, decision.Refusal));
        return decision;
    }
}
