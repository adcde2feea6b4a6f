namespace ResourceService.Load.Servers;

/// <summary>How many commits the server has made, and how many changes were in them.</summary>
internal sealed record CommitReading(double Commits, double Changes)
{
    public CommitReading Since(CommitReading earlier) => new(Commits - earlier.Commits, Changes - earlier.Changes);

    public double ChangesPerCommit => Commits > 0 ? Changes / Commits : 0;
}
