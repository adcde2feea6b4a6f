using ResourceService.Load.Wire;

namespace ResourceService.Load.Soaking;

/// <summary>Times that are not always the same, so that faults do not fall into step with what the server does regularly.</summary>
internal static class SoakJitter
{
    /// <summary>Share of the time by which it may be shorter or longer.</summary>
    public const double Share = 0.25;

    public static TimeSpan Around(TimeSpan time, RandomSequence random) => time * (1 - Share + (2 * Share * random.Below(1001) / 1000));
}
