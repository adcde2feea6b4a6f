namespace ResourceService.Load.Replay;

/// <summary>
/// The steps of a trace in groups, in time order. The steps of a group may run at the same time, but start in their order; a group begins
/// when the one before it has ended. At one instant releases come before claims, so that what was given back can be had; a request that
/// appears and goes at one instant is claimed first.
/// </summary>
internal sealed class ReplayPlan
{
    private ReplayPlan(IReadOnlyList<IReadOnlyList<ReplayStep>> groups)
    {
        Groups = groups;
        StepCount = groups.Sum(group => group.Count);
    }

    public IReadOnlyList<IReadOnlyList<ReplayStep>> Groups { get; }

    public int StepCount { get; }

    /// <summary>A window of 0 groups what has exactly the same time; a longer one trades the trace's order for more requests at a time.</summary>
    public static ReplayPlan Create(IEnumerable<RequestRow> requests, long windowSeconds, bool withReleases)
    {
        var groups = requests
            .SelectMany(StepsOf)
            .Where(step => withReleases || !step.IsRelease)
            .OrderBy(step => step.Time)
            .ThenBy(Rank)
            .GroupBy(step => windowSeconds > 0 ? step.Time / windowSeconds : step.Time)
            .Select(group => group.ToArray());
        return new ReplayPlan([.. groups]);
    }

    private static IEnumerable<ReplayStep> StepsOf(RequestRow request)
    {
        yield return new ReplayStep(request.CreationTime, request, IsRelease: false);
        if (request.DeletionTime is { } time)
        {
            // A few lines of real traces end before they begin.
            yield return new ReplayStep(Math.Max(time, request.CreationTime), request, IsRelease: true);
        }
    }

    private static int Rank(ReplayStep step) => step switch
    {
        { IsRelease: false } => 1,
        _ when step.Time == step.Request.CreationTime => 2,
        _ => 0,
    };
}
