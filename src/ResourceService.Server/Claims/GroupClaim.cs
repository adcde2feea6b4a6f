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
    /// <param name="orders">The claims.</param>
    /// <param name="inner">Who asks for each, with its id where it has one of its own.</param>
    /// <param name="stamp">Who asks for all.</param>
    public async ValueTask<CallResult<V1.ClaimInstancesResponse>> ClaimAsync(
        IReadOnlyList<ClaimOrder> orders, IReadOnlyList<RequestStamp> inner, RequestStamp stamp)
    {
        var choices = Choose(orders);
        var decision = new GroupClaimDecision(fleet, nodes, orders, choices, inner, stamp);
        if (choices.All(choice => choice.Length == 0))
            return decision.RefuseAll();

        return CallResult<V1.ClaimInstancesResponse>.Of(await decision.PostAsync(choices.SelectMany(choice => choice)), "");
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

        var runs = finder.WhereItRuns(order.Instance.Id, order.Filter).ToArray();
        return runs.Length == 0 ? best : [.. best.Union(runs)];
    }
}

/// <summary>The decision of one group of claims.</summary>
internal sealed class GroupClaimDecision(
    FleetServices fleet, NodeDirectory nodes, IReadOnlyList<ClaimOrder> orders, NodeWorker[][] choices, IReadOnlyList<RequestStamp> inner,
    RequestStamp stamp)
    : GroupDecision(fleet, stamp)
{
    private readonly List<Claim> _entered = [];
    private IReadOnlyList<RequestOrigin> _innerRequests = [];

    /// <inheritdoc/>
    public override IReadOnlyList<RequestOrigin> InnerRequests => _innerRequests;

    /// <summary>Refuses the group when no node could even be asked.</summary>
    public V1.ClaimInstancesResponse RefuseAll() => (V1.ClaimInstancesResponse)DecideOn(new Dictionary<int, GroupMember>()).Reply!;

    /// <summary>Decides every claim on copies of the ledgers; applies them to the ledgers only when all fit.</summary>
    protected override CommandOutcome DecideOn(IReadOnlyDictionary<int, GroupMember> members)
    {
        var copies = members.ToDictionary(member => member.Key, member => new NodeLedger(member.Value.Before));
        var results = new CallResult<V1.ClaimInstanceResponse>[orders.Count];
        var changes = new List<(int NodeKey, LedgerChange Change)>();
        for (var i = 0; i < orders.Count; i++)
            results[i] = Decide(orders[i], choices[i], members, copies, changes);

        var response = new V1.ClaimInstancesResponse();
        if (results.Any(result => result.Error is not null))
        {
            TakeBack();
            // A claim that would have been made failed only with the others.
            response.Results.Add(results.Select(result => new V1.ClaimResult { Error = result.Error ?? RpcErrors.BatchNotApplied() }));
            return new CommandOutcome(CommandStatus.Accepted, response);
        }

        response.Results.Add(results.Select(result => new V1.ClaimResult { Claim = result.Reply!.Claim, Warnings = { result.Reply.Warnings } }));
        var outcome = Accept(members, changes, () => response);
        // What is not accepted after all is not remembered: its claims were never made.
        if (outcome.Status == CommandStatus.Accepted)
            _innerRequests = [.. inner.Zip(results).Where(pair => pair.First.RequestId is not null).Select(pair => pair.First.ToOrigin(pair.Second.Reply!))];
        return outcome;
    }

    /// <inheritdoc/>
    protected override void TakeBack()
    {
        foreach (var claim in _entered)
            Fleet.Instances.Leave(claim.Instance.Id, claim.Id);
    }

    private CallResult<V1.ClaimInstanceResponse> Decide(
        ClaimOrder order, NodeWorker[] workers, IReadOnlyDictionary<int, GroupMember> members, Dictionary<int, NodeLedger> copies,
        List<(int NodeKey, LedgerChange Change)> changes)
    {
        if (Fleet.Instances.TryFind(order.Instance.Id, out var held))
            return AlreadyClaimed(order, held.First);

        var now = Fleet.Now;
        var refusals = new List<V1.Refusal>();
        Refusal? last = null;
        foreach (var worker in workers)
        {
            var ledger = copies[worker.View.NodeKey];
            var claim = ClaimPlacement.MakeClaim(nodes.NextClaimId(ledger.View.NodeKey), order, now);
            var decision = ClaimRules.Claim(
                ledger.View, order.Request, order.ExpectedGeneration, claim, Fleet.Instances.ObservedOf(order.Instance.Id, ledger.View.NodeKey),
                members[ledger.View.NodeKey].Before);
            if (decision.Refusal is { } refusal)
            {
                last = refusal;
                refusals.Add(RpcErrors.ToContract(refusal, ledger.View.Id.Value));
                continue;
            }

            while (!Fleet.Instances.TryEnter(order.Instance.Id, claim.Id))
            {
                if (Fleet.Instances.TryFind(order.Instance.Id, out held))
                    return AlreadyClaimed(order, held.First);
            }

            _entered.Add(claim);
            foreach (var change in decision.Changes)
            {
                ledger.Apply(change);
                changes.Add((ledger.View.NodeKey, change));
            }

            return ClaimPlacement.Reply(ledger.View, decision);
        }

        return order.Node is not { } id ? RpcErrors.NoCandidateFits(refusals)
            : last is null ? RpcErrors.NodeNotFound(id.Value)
            : RpcErrors.Of(last, id.Value);
    }

    private Google.Rpc.Status AlreadyClaimed(ClaimOrder order, ClaimId held) =>
        RpcErrors.Of(ClaimRules.AlreadyClaimed(order.Instance.Id, held), nodes.Find(held.NodeKey)!.View.Id.Value);
}
