using ResourceService.Load.Wire;
using ResourceService.V1;

namespace ResourceService.Load.Soaking;

/// <summary>
/// Chooses what a caller does next: what comes next in the life of one of its instances, or, as long as there are too few, a new one; now and then
/// it reads, or reports what a node has. As many instances begin as end, so the ledger stays as large as it is.
/// </summary>
internal static class SoakMix
{
    private const int ReadPercent = 8;
    private const int ClaimPercent = 70;

    // Weights, with what an agent and a scheduler do most often first.
    private static readonly (SoakStep Step, int Weight)[] _reads = [(SoakStep.ReadNode, 12), (SoakStep.FindCandidates, 6), (SoakStep.Audit, 2)];

    private static readonly (SoakStep Step, int Weight)[] _held =
        [(SoakStep.Confirm, 80), (SoakStep.Renew, 10), (SoakStep.Abort, 5), (SoakStep.ReadClaim, 5)];

    private static readonly (SoakStep Step, int Weight)[] _active =
        [(SoakStep.Release, 45), (SoakStep.Resize, 12), (SoakStep.Migrate, 13), (SoakStep.UpdateInstance, 20), (SoakStep.ReadClaim, 10)];

    private static readonly (SoakStep Step, int Weight)[] _moving =
    [
        (SoakStep.ConfirmMove, 45), (SoakStep.RevertMove, 20), (SoakStep.UpdateMove, 20), (SoakStep.FailMove, 5), (SoakStep.Release, 5),
        (SoakStep.ReadClaim, 5),
    ];

    // One claim in five hundred is left to its lease: its caller waits a second or two for it.
    private static readonly (SoakStep Step, int Weight)[] _new = [(SoakStep.Claim, 499), (SoakStep.LetExpire, 1)];

    /// <summary>The next step, and the instance that it is about; null for a new one or none.</summary>
    public static (SoakStep Step, SoakInstance? Instance) Next(SoakRecord record, RandomSequence random)
    {
        if (random.Below(100) < ReadPercent)
        {
            return (Pick(_reads, random), null);
        }
        var instance = record.PickOne(random);
        if (instance is null || (!record.IsFull && random.Below(100) < ClaimPercent))
        {
            return (Pick(_new, random), null);
        }
        var steps = instance switch
        {
            { Move: not null } => _moving,
            { Claim.State: ClaimState.Held } => _held,
            _ => _active,
        };
        return (Pick(steps, random), instance);
    }

    private static SoakStep Pick((SoakStep Step, int Weight)[] steps, RandomSequence random)
    {
        var at = random.Below(steps.Sum(step => step.Weight));
        foreach (var (step, weight) in steps)
        {
            at -= weight;
            if (at < 0)
            {
                return step;
            }
        }
        return steps[^1].Step;
    }
}
