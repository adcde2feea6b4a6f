using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Storage.Tests;

/// <summary>An entry that remembers what it was told.</summary>
internal sealed class TestEntry : CommitEntry
{
    private readonly TaskCompletionSource<bool> _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _toldCount;

    /// <summary>What the nodes changed since their last entry; nodes without changes are left out.</summary>
    public TestEntry(params IReadOnlyList<DrivenNode> nodes) => Nodes = [.. nodes.Select(CommitOf).Where(commit => commit.Changes.Count > 0)];

    public RequestOrigin AskedBy { get; init; } = new("tester", null, 0, null);

    public IReadOnlyList<UsageSnapshot> Samples { get; init; } = [];

    public RetentionStep? Retires { get; init; }

    public RefusalWrite? Refused { get; init; }

    public Exception? Breaks { get; init; }

    /// <summary>Called when the entry is told its fate, on the writer's thread.</summary>
    public Action? WhenTold { get; init; }

    public IReadOnlyList<RequestOrigin> AskedInside { get; init; } = [];

    public bool WasDone { get; init; }

    public override RequestOrigin Origin => AskedBy;

    public override IReadOnlyList<RequestOrigin> InnerRequests => AskedInside;

    public override bool IsDoneAlready => WasDone;

    public override IReadOnlyList<UsageSnapshot> Snapshots => Samples;

    public override RetentionStep? Retention => Retires;

    public override RefusalWrite? Refusals => Refused;

    public override Exception? Fault => Breaks;

    /// <summary>True when the entry is durable, false when it failed.</summary>
    public Task<bool> Durable => _told.Task;

    public int ToldCount => Volatile.Read(ref _toldCount);

    /// <summary>Where a retry finds the answer; 0 when the request carried none.</summary>
    public long Answer { get; private set; }

    /// <summary>An entry whose ledger broke: no changes, only the node to read again.</summary>
    public static TestEntry Broken(DrivenNode node) =>
        new() { Breaks = new InvalidOperationException("injected"), Nodes = [new NodeCommit(node.Ledger, node.View, [])] };

    public override void Committed(long answer)
    {
        Answer = answer;
        Tell(true);
    }

    public override void Failed() => Tell(false);

    private void Tell(bool durable)
    {
        Interlocked.Increment(ref _toldCount);
        WhenTold?.Invoke();
        _told.TrySetResult(durable);
    }

    private static NodeCommit CommitOf(DrivenNode node)
    {
        var (before, changes) = node.TakeChanges();
        return new NodeCommit(node.Ledger, before, changes);
    }
}
