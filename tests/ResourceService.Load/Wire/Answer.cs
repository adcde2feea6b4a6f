namespace ResourceService.Load.Wire;

/// <summary>What the client keeps of an answer: how many claims of a batch were refused. A single claim is refused by the status of its call.</summary>
internal sealed record Answer(int RefusedCount)
{
    public static readonly Answer Accepted = new(RefusedCount: 0);
}
