using ResourceService.Ledger;
using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Grpc;
using ResourceService.Server.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.Claims;

/// <summary>
/// Claims for several instances, all or none: decided on all nodes concerned while nothing else is decided there, and durable in one
/// transaction. Where the service chooses the node, as many of the best nodes take part as there are such claims, and some more.
/// </summary>
internal sealed class GroupClaim(NodeDirectory nodes, CandidateFinder finder, FleetServices fleet)
{
    private const int SpareChoices = 8;

    /// <summary>The answers in the order of the orders: all claims, or an error each.</summary>
    public async ValueTask<CallResult<V1.ClaimInstancesResponse>> ClaimAsync(IReadOnlyList<ClaimOrder> orders, RequestStamp stamp)
    {
        if (!fleet.Committer.IsAvailable)
            return RpcErrors.Of(new CommandOutcome(CommandStatus.StoreUnavailable), "");
        var choices = Choose(orders);
        var workers = choices.SelectMany(choice => choice).Distinct().ToArray();
        var decision = new GroupDecision(fleet, nodes, orders, choices, stamp);
        if (workers.Length == 0)
            return decision.RefuseAll();

        new NodeGroup(decision.Decide, status => decision.Complete(RpcErrors.Of(new CommandOutcome(status), ""))).Post(workers);
        return await decision.Completion;
    }

    private NodeWorker[][] Choose(IReadOnlyList<ClaimOrder> orders)
    {
        // Most orders of a batch are alike, and the fleet is searched once for those.
        var found = new Dictionary<CandidateQuery, NodeWorker[]>();
        return [.. orders.Select(order => Choose(order, orders.Count, found))];
    }

    private NodeWorker[] Choose(ClaimOrder order, int claims, Dictionary<CandidateQuery, NodeWorker[]> found)
    {
        if (order.Node is { } id)
            return nodes.Find(id) is { } worker ? [worker] : [];
        if (order.Candidates.Count > 0)
            return [.. order.Candidates.Select(nodes.Find).OfType<NodeWorker>().Where(candidate => order.Filter.Takes(candidate.View)).Distinct()];
        if (!found.TryGetValue(order.Query, out var best))
        {
            best = [.. finder.Find(order.Query, claims + SpareChoices).Nodes.Select(node => nodes.Find(node.NodeKey)!)];
            found.Add(order.Query, best);
        }

        return best;
    }
}

/// <summary>The decision of one group of claims, and its way to the disk.</summary>
internal sealed class GroupDecision(
    FleetServices fleet, NodeDirectory nodes, IReadOnlyList<ClaimOrder> orders, NodeWorker[][] choices, RequestStamp stamp) : CommitEntry
{
    private readonly TaskCompletionSource<CallResult<V1.ClaimInstancesResponse>> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Claim> _entered = [];
    private RequestOrigin _origin;
    private Exception? _fault;
    private V1.ClaimInstancesResponse _response = new();
    private IReadOnlyList<GroupMember> _changed = [];

    /// <summary>Ends when the group was refused or is durable.</summary>
    public Task<CallResult<V1.ClaimInstancesResponse>> Completion => _completion.Task;

    /// <inheritdoc/>
    public override RequestOrigin Origin => _origin;

    /// <inheritdoc/>
    public override Exception? Fault => _fault;

    /// <summary>Ends the group without its claims.</summary>
    public void Complete(CallResult<V1.ClaimInstancesResponse> result) => _completion.TrySetResult(result);

    /// <summary>Refuses the group when no node could even be asked.</summary>
    public V1.ClaimInstancesResponse RefuseAll()
    {
        Decide(new Dictionary<int, GroupMember>());
        return _response;
    }

    /// <summary>Decides every claim on copies of the ledgers; applies them to the ledgers only when all fit.</summary>
    public CommitEntry? Decide(IReadOnlyDictionary<int, GroupMember> members)
    {
        try
        {
            DecideOn(members);
        }
        catch (Exception fault)
        {
            // Whatever it is, it must not leave this thread: the workers of the group would stay parked.
            // Some ledgers may be changed and others not: none can be trusted, and the committer reads all of them from the store again.
            foreach (var claim in _entered)
                fleet.Instances.Leave(claim.Instance.Id, claim.Id);
            foreach (var member in members.Values)
                member.Ledger.Poison();
            _fault = fault;
            Nodes = [.. members.Values.Select(member => new NodeCommit(member.Ledger, member.Before, []))];
        }

        return this;
    }

    private void DecideOn(IReadOnlyDictionary<int, GroupMember> members)
    {
        var copies = members.ToDictionary(member => member.Key, member => new NodeLedger(member.Value.Before));
        var results = new CallResult<V1.ClaimInstanceResponse>[orders.Count];
        var changes = new List<(int NodeKey, ClaimChanged Change)>();
        for (var i = 0; i < orders.Count; i++)
            results[i] = Decide(orders[i], choices[i], copies, changes);

        if (results.Any(result => result.Error is not null))
        {
            foreach (var claim in _entered)
                fleet.Instances.Leave(claim.Instance.Id, claim.Id);
            // A claim that would have been made failed only with the others.
            _response.Results.Add(results.Select(result => new V1.ClaimResult { Error = result.Error ?? RpcErrors.BatchNotApplied() }));
            // The refusal may rest on changes that are not durable yet: it waits for them.
            return;
        }

        foreach (var (nodeKey, change) in changes)
            members[nodeKey].Changes.Add(members[nodeKey].Ledger.Apply(change));
        _changed = [.. members.Values.Where(member => member.Changes.Count > 0)];
        Nodes = [.. _changed.Select(member => new NodeCommit(member.Ledger, member.Before, member.Changes))];
        _response.Results.Add(results.Select(result => new V1.ClaimResult { Claim = result.Reply!.Claim }));
        _origin = stamp.ToOrigin(_response);
    }

    /// <inheritdoc/>
    public override void Committed(long answer)
    {
        for (var i = 0; i < _changed.Count; i++)
            _changed[i].Worker.OnCommitted(Nodes[i]);
        if (answer != 0)
            _changed[0].Worker.Remember(_origin, answer);
    }

    /// <inheritdoc/>
    public override void Acknowledge() => Complete(_response);

    /// <inheritdoc/>
    public override void Failed()
    {
        for (var i = 0; i < _changed.Count; i++)
            _changed[i].Worker.OnLost(Nodes[i]);
        Complete(RpcErrors.Of(new CommandOutcome(_fault is null ? CommandStatus.InDoubt : CommandStatus.Broken), ""));
    }

    private CallResult<V1.ClaimInstanceResponse> Decide(
        ClaimOrder order, NodeWorker[] workers, Dictionary<int, NodeLedger> copies, List<(int NodeKey, ClaimChanged Change)> changes)
    {
        if (fleet.Instances.TryFind(order.Instance.Id, out var held))
            return AlreadyClaimed(order, held);

        var now = fleet.Now;
        var refusals = new List<V1.Refusal>();
        Refusal? last = null;
        foreach (var worker in workers)
        {
            var ledger = copies[worker.View.NodeKey];
            var claim = ClaimPlacement.MakeClaim(nodes.NextClaimId(ledger.View.NodeKey), order, now);
            var decision = ClaimRules.Claim(ledger.View, order.Request, order.ExpectedGeneration, claim);
            if (decision.Refusal is { } refusal)
            {
                last = refusal;
                refusals.Add(RpcErrors.ToContract(refusal, ledger.View.Id.Value));
                continue;
            }

            while (!fleet.Instances.TryEnter(order.Instance.Id, claim.Id))
            {
                if (fleet.Instances.TryFind(order.Instance.Id, out held))
                    return AlreadyClaimed(order, held);
            }

            _entered.Add(claim);
            ledger.Apply(decision.Changes[0]);
            changes.Add((ledger.View.NodeKey, (ClaimChanged)decision.Changes[0]));
            return ClaimPlacement.Reply(ledger.View, decision);
        }

        return order.Node is not { } id ? RpcErrors.NoCandidateFits(refusals)
            : last is null ? RpcErrors.NodeNotFound(id.Value)
            : RpcErrors.Of(last, id.Value);
    }

    private Google.Rpc.Status AlreadyClaimed(ClaimOrder order, ClaimId held) =>
        RpcErrors.Of(ClaimRules.AlreadyClaimed(order.Instance.Id, held), nodes.Find(held.NodeKey)!.View.Id.Value);
}
