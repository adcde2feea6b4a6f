using System.Collections.Concurrent;
using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.Nodes;

/// <summary>
/// The only reader of its node's channel and the only owner of its ledger. It decides commands in order on the newest state, changes that are
/// not durable yet included, hands them to the committer and moves on; answers wait for the commit, not the worker.
///
/// An idle worker is a few fields: the channel comes with the first command, and a thread is borrowed only while there is something to decide.
/// Whoever brings the first command decides it on its own thread; those who come meanwhile leave theirs in the channel.
/// </summary>
internal sealed class NodeWorker : IThreadPoolWorkItem, ILeaseHolder
{
    // How much the thread of a caller decides for others before it passes the rest on.
    private const int RunMax = 64;

    // Nobody waits for what the service does by itself.
    private static readonly Empty _noReply = new();

    private readonly FleetServices _fleet;
    private Channel<INodeWork>? _channel;
    private NodeLedger _ledger;
    private volatile NodeView _view;

    // Claims of changes that did not become durable, as far as is known: the registry must not keep what no ledger holds.
    private readonly ConcurrentQueue<(InstanceId Instance, ClaimId Claim)> _lost = new();

    // What the store says after a failure, for the worker to start again with. Set by the committer's thread.
    private NodeView? _restored;

    // 1 while a thread decides for this node.
    private int _running;

    // Changes applied and not yet durable.
    private int _uncommitted;

    // When the lease clock wakes this node next, in Unix milliseconds. Under no lock: only moved by Interlocked.
    private long _wakeMs = long.MaxValue;

    public NodeWorker(FleetServices fleet, NodeView node)
    {
        _fleet = fleet;
        _ledger = new NodeLedger(node);
        _view = node;
    }

    /// <summary>The durable picture. Readers never wait.</summary>
    public NodeView View => _view;

    /// <summary>The picture that decides, changes that are not durable yet included.</summary>
    public NodeView Newest => _ledger.View;

    /// <summary>Whether changes are under way that <see cref="View"/> does not show yet.</summary>
    public bool IsChanging => Volatile.Read(ref _uncommitted) > 0;

    /// <summary>How many changes wait for a decision.</summary>
    public int QueueDepth => Volatile.Read(ref _channel)?.Reader.Count ?? 0;

    /// <summary>Puts a command into the channel, or ends it at once when the channel is full or the store is lost.</summary>
    public void Post(NodeCommand command)
    {
        if (!_fleet.Committer.IsAvailable)
            command.Complete(CommandStatus.StoreUnavailable);
        else if (!TryEnqueue(command))
            command.Complete(CommandStatus.QueueFull);
        else
            Kick();
    }

    /// <summary>Puts work into the channel without doing it yet; false when the channel is full.</summary>
    public bool TryEnqueue(INodeWork work) => Channel().Writer.TryWrite(work);

    /// <summary>Does what is in the channel on this thread, unless another thread is at it.</summary>
    public void Kick()
    {
        if (Interlocked.Exchange(ref _running, 1) == 0)
            Run();
    }

    /// <summary>Goes on after the work that parked this worker.</summary>
    public void Resume() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

    /// <summary>For work that runs on this worker: the ledger as it is; null when it cannot be trusted and the store is not back.</summary>
    public GroupMember? TryOwn() => _ledger.Poisoned && !TryRestore() ? null : new GroupMember(this, _ledger, _ledger.View);

    /// <summary>For work that runs on this worker: commits changes that were applied to several nodes.</summary>
    public void Submit(CommitEntry entry, IEnumerable<GroupMember> members)
    {
        foreach (var member in members.Where(member => member.Changes.Count > 0))
            Interlocked.Increment(ref member.Worker._uncommitted);
        _fleet.Committer.Submit(entry);
    }

    /// <summary>Ends the claims whose lease is over, and asks to be woken for the next.</summary>
    /// <param name="moment">The wake-up that was asked for. One that an earlier one replaced does nothing, or wake-ups would multiply.</param>
    public void ExpireLeases(Instant moment)
    {
        if (Interlocked.CompareExchange(ref _wakeMs, long.MaxValue, moment.UnixMs) != moment.UnixMs)
            return;
        var now = _fleet.Now;
        ExpireLeasesNow(now);
        WakeForNextLease(now);
    }

    /// <summary>Ends the claims whose lease is over, without being woken by the clock.</summary>
    public void ExpireLeasesNow(Instant now)
    {
        if (!_view.Claims.Values.Any(claim => claim.LeaseEnd <= now))
            return;
        // Nobody waits for it: what it could not end is looked at again.
        _ = NodeStep.RunAsync(() =>
        {
            var gathered = _fleet.Now;
            return new NodeStep(_fleet, RequestStamp.Service, this, node => ClaimRules.Expire(node, _fleet.Now), static (_, _) => _noReply)
            {
                MayEnd = migration => migration.LeaseEnd <= gathered,
            };
        });
    }

    /// <summary>Shortens leases that end too far in the future, because the system's clock was set back while the service did not run.</summary>
    public void BoundLeases()
    {
        if (LeaseRules.AreBounded(_view, _fleet.Now))
            return;
        // Nobody waits for it: the sweep sees what it could not shorten.
        Post(new NodeCommand(node => LeaseRules.Bound(node, _fleet.Now), static (_, _) => _noReply, RequestStamp.Service, CancellationToken.None));
    }

    /// <summary>Asks to be woken when the first lease ends. At start, after a reload and after each wake-up.</summary>
    /// <param name="after">Leases that end by then are being dealt with; they are looked at again a little later.</param>
    public void WakeForNextLease(Instant? after = null)
    {
        var first = _view.Claims.Values.Min(claim => claim.LeaseEnd);
        if (first is { } end)
            WakeBy(after is { } now && end <= now ? now.Add(TimeSpan.FromSeconds(1)) : end);
    }

    /// <summary>Takes over what the store says after a failure, at once if the worker is idle, before its next command otherwise.</summary>
    public void Restore(NodeView node)
    {
        Volatile.Write(ref _restored, node);
        Kick();
    }

    /// <summary>The changes are durable: readers see them, leases run, ended claims free their instances. Called by the committer, in order.</summary>
    public void OnCommitted(NodeCommit commit)
    {
        Publish(commit.Changes[^1].After);
        foreach (var applied in commit.Changes)
        {
            if (applied.Change.ClaimAfter is not { } claim)
                continue;
            if (!claim.State.IsLive())
                _fleet.Instances.Leave(claim.Instance.Id, claim.Id);
            else if (claim.LeaseEnd is { } end)
                WakeBy(end);
            if (applied.Change.Kind == ChangeKind.MigrationConfirmed)
                _fleet.Instances.Put(claim.Instance.Id, claim.Id, claim.Role);
        }

        // Last: a refusal that rests on these changes may be told as soon as they are all visible, and not before.
        Interlocked.Decrement(ref _uncommitted);
    }

    /// <summary>The changes are not known to be durable. Called by the committer, before or after the ledger is read again.</summary>
    public void OnLost(NodeCommit commit)
    {
        foreach (var applied in commit.Changes)
        {
            if (applied.Change.ClaimAfter is { } claim)
                _lost.Enqueue((claim.Instance.Id, claim.Id));
        }

        if (Interlocked.Exchange(ref _running, 1) == 0)
            Resume();
    }

    /// <summary>A request is durable; retries find its answer there.</summary>
    public void Remember(RequestOrigin origin, long answer) => _fleet.Requests.Remember(origin, answer);

    /// <summary>Whether a request under way turned out to be durable, after a commit in doubt.</summary>
    public bool WasFoundDurable(Guid? requestId) => _fleet.Requests.WasFoundDurable(requestId);

    void IThreadPoolWorkItem.Execute() => Run();

    private void Run()
    {
        var reader = Channel().Reader;
        while (true)
        {
            if (Volatile.Read(ref _restored) is not null)
                TryRestore();
            ForgetLost();
            for (var i = 0; reader.TryRead(out var work); i++)
            {
                if (!work.RunOn(this))
                    return;
                if (i + 1 == RunMax)
                {
                    ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                    return;
                }
            }

            Volatile.Write(ref _running, 0);
            // Who came between the last look and the line above found the worker running: look again.
            var moreToDo = reader.TryPeek(out _) || Volatile.Read(ref _restored) is not null || (!_lost.IsEmpty && !_ledger.Poisoned);
            if (!moreToDo || Interlocked.Exchange(ref _running, 1) != 0)
                return;
        }
    }

    /// <summary>Decides a command. Called on the thread that owns the ledger.</summary>
    public void Decide(NodeCommand command)
    {
        if (_ledger.Poisoned && !TryRestore())
        {
            command.Complete(CommandStatus.StoreUnavailable);
            return;
        }

        if (command.IsCancelled)
        {
            command.Complete(CommandStatus.Cancelled);
            return;
        }

        var before = _ledger.View;
        try
        {
            DecideOn(command, before);
        }
        catch (Exception fault)
        {
            // Whatever it is, it must not leave this thread: the worker would never run again, and the caller may be another one.
            // The ledger may be half changed. Nothing of it can be trusted: the committer reads the node from the store again.
            _ledger.Poison();
            if (command.NewInstance is { } instance && _fleet.Instances.TryFind(instance, out var entered) && entered.First.NodeKey == before.NodeKey)
                _fleet.Instances.Leave(instance, entered.First);
            command.Break(_ledger, before, fault);
            _fleet.Committer.Submit(command);
        }
    }

    private void DecideOn(NodeCommand command, NodeView before)
    {
        if (command.NewInstance is { } instance && _fleet.Instances.TryFind(instance, out var held))
        {
            RefuseSecondClaim(command, instance, held.First);
            return;
        }

        var decision = command.Decide(before);
        if (decision.Refusal is { } refusal)
        {
            if (refusal.Kind == RefusalKind.StaleGeneration)
                _fleet.Metrics.CallerWasStale();
            command.Refuse(refusal);
            if (IsChanging)
                _fleet.Committer.Submit(command);
            else
                command.CompleteNow();
            return;
        }

        if (_fleet.Committer.IsNearlyFull && decision.Changes.CanWait())
        {
            command.Complete(CommandStatus.StoreNearlyFull);
            return;
        }

        if (command.NewInstance is { } entering && !TryEnter(decision, out held))
        {
            RefuseSecondClaim(command, entering, held.First);
            return;
        }

        // From here on the command must succeed in memory; only the disk can still fail it.
        command.Accept(this, _ledger, before, Apply(decision), decision);
        if (decision.Changes.Count > 0)
            Interlocked.Increment(ref _uncommitted);
        _fleet.Committer.Submit(command);
    }

    private AppliedChange[] Apply(Decision decision)
    {
        var applied = new AppliedChange[decision.Changes.Count];
        for (var i = 0; i < applied.Length; i++)
            applied[i] = _ledger.Apply(decision.Changes[i]);
        return applied;
    }

    private bool TryEnter(Decision decision, out Holding held)
    {
        var claim = ((ClaimChanged)decision.Changes[^1]).After;
        while (!_fleet.Instances.TryEnter(claim.Instance.Id, claim.Id))
        {
            if (_fleet.Instances.TryFind(claim.Instance.Id, out held))
                return false;
        }

        held = default;
        return true;
    }

    // The claim that stands in the way may be on another node and not durable yet: the refusal waits for all that was submitted before.
    private void RefuseSecondClaim(NodeCommand command, InstanceId instance, ClaimId held)
    {
        command.Refuse(ClaimRules.AlreadyClaimed(instance, held));
        _fleet.Committer.Submit(command);
    }

    private bool TryRestore()
    {
        if (Interlocked.Exchange(ref _restored, null) is not { } restored)
            return false;
        // A ledger that is sound already replaced the one that this was read for.
        if (!_ledger.Poisoned)
            return true;
        _fleet.Instances.Exchange(_ledger.View, restored);
        _ledger = new NodeLedger(restored);
        Publish(restored);
        Volatile.Write(ref _uncommitted, 0);
        ForgetLost();
        WakeForNextLease();
        return true;
    }

    // Takes out of the registry what was entered for changes that are lost. Only a sound ledger knows which claims there are.
    private void ForgetLost()
    {
        while (!_ledger.Poisoned && _lost.TryDequeue(out var lost))
        {
            if (!_ledger.View.Claims.ContainsKey(lost.Claim.Sequence))
                _fleet.Instances.Leave(lost.Instance, lost.Claim);
        }
    }

    private void Publish(NodeView node)
    {
        if (ReferenceEquals(node.Spec, _view.Spec) || node.Id == _view.Id)
            _view = node;
        else
            _fleet.Nodes.Rename(this, node.Id, () => _view = node);
        _fleet.Candidates.Put(node);
    }

    private void WakeBy(Instant moment)
    {
        var armed = Volatile.Read(ref _wakeMs);
        while (moment.UnixMs < armed)
        {
            var seen = Interlocked.CompareExchange(ref _wakeMs, moment.UnixMs, armed);
            if (seen == armed)
            {
                _fleet.Leases.WakeAt(this, moment);
                return;
            }

            armed = seen;
        }
    }

    private Channel<INodeWork> Channel()
    {
        if (Volatile.Read(ref _channel) is { } channel)
            return channel;
        // Post never waits: a full channel is the caller's answer. Any thread writes; the running flag makes the reader single.
        var created = System.Threading.Channels.Channel.CreateBounded<INodeWork>(
            new BoundedChannelOptions(_fleet.Options.QueueDepthMax) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });
        return Interlocked.CompareExchange(ref _channel, created, null) ?? created;
    }
}
