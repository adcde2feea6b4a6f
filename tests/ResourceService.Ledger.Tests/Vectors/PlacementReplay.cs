using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Ledger.Tests.Vectors;

/// <summary>
/// Asks the ledger's rules what a vector asked Placement. A provider is a node; what a consumer holds on a provider is a claim; replacing what
/// a consumer holds is releasing all of it and then claiming, all or nothing. Nothing is applied before the caller says so.
/// </summary>
internal sealed class PlacementReplay
{
    // Placement knows consumers, the ledger claims: which claims a consumer holds.
    private readonly Dictionary<string, List<ClaimId>> _held = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeView> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _generations = new(StringComparer.Ordinal);
    private long _lastSequence;

    public PlacementReplay(VectorInput input)
    {
        foreach (var provider in input.Providers)
        {
            _nodes.Add(provider.Name, DrivenNode.Registered(Spec(provider.Name, provider.Inventories), _nodes.Count + 1).View);
            _generations.Add(provider.Name, 1);
        }
    }

    /// <summary>Whether a consumer holds anything, as the ledger sees it.</summary>
    public bool Holds(string consumer) => _held.ContainsKey(consumer);

    public bool IsOverCapacity(string provider) =>
        _nodes.TryGetValue(provider, out var node) && Enumerable.Range(0, node.Spec.Inventories.Count).Any(i => node.FreeAt(i) < 0);

    public ResourceAmounts Used(string provider) => _nodes[provider].UsedByClass();

    /// <summary>Placement counts changes of a provider otherwise than we do: what matters of a caller's generation is whether it is current.</summary>
    public void NoteGenerations(VectorOutcome outcome)
    {
        foreach (var (provider, state) in outcome.ProvidersAfter)
            _generations[provider] = state.Generation;
    }

    /// <summary>Decides a step; null when a rule refuses, otherwise what takes it over.</summary>
    public Action? Decide(VectorStep step) => step.Op switch
    {
        "set_inventory" => DecideInventory(step),
        "delete" => Replace([new VectorAllocation(step.Consumer, [])], mustHold: true),
        _ => Replace(step.Replacements, mustHold: false),
    };

    private Action? DecideInventory(VectorStep step)
    {
        var node = new DrivenNode(_nodes[step.Provider]);
        var isCurrent = step.ProviderGeneration == _generations[step.Provider];
        var generation = isCurrent ? node.View.Generation : node.View.Generation - 1;
        var decision = node.Decide(view => NodeRules.Register(view, Spec(step.Provider, step.Inventories), generation, Sample.Now));
        return decision.Refusal is null ? () => _nodes[step.Provider] = node.View : null;
    }

    private Action? Replace(IReadOnlyList<VectorAllocation> replacements, bool mustHold)
    {
        if (mustHold && !replacements.All(replacement => Holds(replacement.Consumer)))
            return null;

        var nodes = _nodes.ToDictionary(pair => pair.Key, pair => new DrivenNode(pair.Value), StringComparer.Ordinal);
        var claims = new Dictionary<string, List<ClaimId>>(StringComparer.Ordinal);
        foreach (var replacement in replacements)
            Release(replacement.Consumer, nodes.Values);
        foreach (var replacement in replacements)
        {
            foreach (var (provider, amounts) in replacement.Allocations)
            {
                if (!nodes.TryGetValue(provider, out var node))
                    node = new DrivenNode(NodeView.Unregistered(99, new NodeId(provider)));
                if (!TryClaim(node, replacement.Consumer, amounts, out var id))
                    return null;
                (claims.TryGetValue(replacement.Consumer, out var ids) ? ids : claims[replacement.Consumer] = []).Add(id);
            }
        }

        return () =>
        {
            foreach (var (provider, node) in nodes)
                _nodes[provider] = node.View;
            foreach (var consumer in replacements.Select(replacement => replacement.Consumer))
                _held.Remove(consumer);
            foreach (var (consumer, ids) in claims)
                _held.Add(consumer, ids);
        };
    }

    private void Release(string consumer, IEnumerable<DrivenNode> nodes)
    {
        if (!_held.TryGetValue(consumer, out var ids))
            return;
        foreach (var id in ids)
            nodes.Single(node => node.View.NodeKey == id.NodeKey).Decide(node => ClaimRules.Release(node, id, null, "", Sample.Now));
    }

    private bool TryClaim(DrivenNode node, string consumer, Dictionary<string, long> asked, out ClaimId id)
    {
        id = new ClaimId(node.View.NodeKey, ++_lastSequence);
        var amounts = new List<ResourceAmount>();
        foreach (var (name, amount) in asked)
        {
            if (!ResourceClass.TryParse(name, out var resourceClass))
                return false;
            amounts.Add(new ResourceAmount(resourceClass, amount));
        }

        var candidate = Sample.HeldClaim(id, Sample.Instance(consumer), ResourceAmounts.From(amounts));
        return node.Decide(view => ClaimRules.Claim(view, Sample.Request(candidate.Amounts), null, candidate)).Refusal is null;
    }

    private static NodeSpec Spec(string name, Dictionary<string, VectorInventory> inventories) =>
        NodeSpec.Unknown(new NodeId(name)) with
        {
            Inventories = InventoryTable.From(inventories.Select(pair => KeyValuePair.Create(
                new ResourceClass(pair.Key),
                new Inventory(
                    pair.Value.Total, pair.Value.Reserved, pair.Value.AllocationRatio, pair.Value.MinUnit, pair.Value.MaxUnit, pair.Value.StepSize)))),
        };
}
