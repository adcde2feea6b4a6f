using Google.Protobuf.Collections;
using ResourceService.Ledger;
using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Claims;

namespace ResourceService.Server.Grpc;

/// <summary>Reads what a request needs and which nodes it allows, checking every field.</summary>
internal static class ResourceRequests
{
    private const int ClassesMax = 256;
    private const int TraitsMax = 256;
    private const int LabelsMax = NodeSpec.LabelsMax;
    private const int NodeIdsMax = 1000;
    private const int TraitSetsMax = 16;
    private const int TraitsOfSetMax = 64;
    private const int StatesMax = 16;

    /// <summary>What an instance needs, in the field <c>resources</c>; null after a violation.</summary>
    public static ResourceRequest? Read(V1.ResourceRequest? message, FieldViolations violations)
    {
        if (message is null)
        {
            violations.Add("resources", "must be set");
            return null;
        }

        if (message.Resources.Count == 0 && message.Numa is null && message.Devices.Count == 0)
            violations.Add("resources", "must ask for something: resources, numa or devices");
        violations.Enter("resources");
        var amounts = Amounts("resources", message.Resources, violations);
        var limits = ReadLimits(message.Limits, violations);
        var required = Traits("required_traits", message.RequiredTraits, violations);
        var forbidden = Traits("forbidden_traits", message.ForbiddenTraits, violations);
        if (required.Count > 0)
        {
            foreach (var trait in required.Intersect(forbidden, StringComparer.Ordinal))
                violations.Add("forbidden_traits", trait, "is required as well");
        }

        var request = new ResourceRequest(amounts, required, forbidden, limits)
        {
            AnyOfTraits = TraitSets("any_of_traits", message.AnyOfTraits, violations),
            Numa = PlacementRequests.Read(message.Numa, violations),
            Devices = PlacementRequests.Read(message.Devices, violations),
            CpuAllocationRatio = message.Limits is { HasCpuAllocationRatio: true } ? message.Limits.CpuAllocationRatio : null,
            RamAllocationRatio = message.Limits is { HasRamAllocationRatio: true } ? message.Limits.RamAllocationRatio : null,
        };
        violations.Leave();
        return violations.None ? SharedRequests.Of(request) : null;
    }

    /// <summary>Which nodes are considered, in the field <c>filter</c>.</summary>
    public static NodeFilterRules Read(V1.NodeFilter? message, FieldViolations violations)
    {
        if (message is null)
            return NodeFilterRules.All;
        violations.Enter("filter");
        violations.CountAtMost("states", message.States.Count, StatesMax);
        var states = message.States.Take(StatesMax).Select((state, i) => ToLedger(violations.Enum($"states[{i}]", state, required: true)));
        var filter = new NodeFilterRules(
            states.ToHashSet(),
            Traits("required_traits", message.RequiredTraits, violations),
            Traits("forbidden_traits", message.ForbiddenTraits, violations),
            Labels("labels", message.Labels, violations),
            NodeIds("excluded_node_ids", message.ExcludedNodeIds, violations))
        {
            AnyOfTraits = TraitSets("any_of_traits", message.AnyOfTraits, violations),
            Only = NodeIds("node_ids", message.NodeIds, violations),
        };
        violations.Leave();
        return filter;
    }

    private static HashSet<NodeId> NodeIds(string field, IReadOnlyList<string> ids, FieldViolations violations)
    {
        violations.CountAtMost(field, ids.Count, NodeIdsMax);
        return ids.Take(NodeIdsMax).Select((id, i) => new NodeId(violations.RequiredId($"{field}[{i}]", id))).ToHashSet();
    }

    // Ordered, each once: requests that say the same share one object.
    private static ValueList<ValueList<string>> TraitSets(string field, IReadOnlyList<V1.TraitSet> sets, FieldViolations violations)
    {
        if (sets.Count == 0)
            return [];
        violations.CountAtMost(field, sets.Count, TraitSetsMax);
        var read = new List<ValueList<string>>();
        for (var i = 0; i < Math.Min(sets.Count, TraitSetsMax); i++)
        {
            violations.Enter(field, i);
            if (sets[i].Traits.Count == 0)
                violations.Add("traits", "must have at least one element");
            read.Add(Traits("traits", sets[i].Traits, violations, TraitsOfSetMax));
            violations.Leave();
        }

        return ValueList.From(read.Distinct().OrderBy(set => string.Join(',', set), StringComparer.Ordinal));
    }

    /// <summary>Traits: ordered, each once.</summary>
    public static ValueList<string> Traits(string field, IReadOnlyList<string> traits, FieldViolations violations, int most = TraitsMax)
    {
        if (traits.Count == 0)
            return [];
        violations.CountAtMost(field, traits.Count, most);
        for (var i = 0; i < Math.Min(traits.Count, most); i++)
            violations.Trait($"{field}[{i}]", traits[i]);
        return ValueList.From(traits.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    /// <summary>Labels: ordered by key.</summary>
    public static ValueList<KeyValuePair<string, string>> Labels(string field, IDictionary<string, string> labels, FieldViolations violations)
    {
        violations.CountAtMost(field, labels.Count, LabelsMax);
        foreach (var (key, value) in labels.Take(LabelsMax))
        {
            violations.RequiredId($"{field} key", key);
            violations.Text($"{field}[{key}]", value);
        }

        return ValueList.From(labels.OrderBy(label => label.Key, StringComparer.Ordinal));
    }

    /// <summary>A resource class's name, standard or custom.</summary>
    public static ResourceClass Class(string field, string name, FieldViolations violations)
    {
        if (!ResourceClass.TryParse(name, out var resourceClass))
            violations.Add(field, name, "is neither a standard resource class nor CUSTOM_ and then A to Z, digits and '_'");
        return resourceClass;
    }

    /// <summary>The strategy; SPREAD when unset.</summary>
    public static Strategy Strategy(string field, V1.PlacementStrategy value, FieldViolations violations) =>
        violations.Enum(field, value, required: false) == V1.PlacementStrategy.Pack ? Ledger.Candidates.Strategy.Pack : Ledger.Candidates.Strategy.Spread;

    /// <summary>The ledger's node state.</summary>
    public static NodeState ToLedger(V1.NodeState state) => state switch
    {
        V1.NodeState.Enabled => NodeState.Enabled,
        V1.NodeState.Disabled => NodeState.Disabled,
        V1.NodeState.Draining => NodeState.Draining,
        _ => NodeState.Absent,
    };

    private static ResourceAmounts ReadLimits(V1.ResourceLimits? limits, FieldViolations violations)
    {
        if (limits is null)
            return ResourceAmounts.Empty;
        violations.Enter("limits");
        if (limits.HasCpuAllocationRatio)
            Ratio("cpu_allocation_ratio", limits.CpuAllocationRatio, violations);
        if (limits.HasRamAllocationRatio)
            Ratio("ram_allocation_ratio", limits.RamAllocationRatio, violations);
        var used = Amounts("max_used", limits.MaxUsed, violations);
        violations.Leave();
        return used;
    }

    private static ResourceAmounts Amounts(string field, MapField<string, long> amounts, FieldViolations violations)
    {
        violations.CountAtMost(field, amounts.Count, ClassesMax);
        var read = new List<ResourceAmount>(Math.Min(amounts.Count, ClassesMax));
        foreach (var (name, amount) in amounts)
        {
            if (read.Count == ClassesMax)
                break;
            var resourceClass = Class(field, name, violations);
            if (amount < 1)
                violations.Add($"{field}[{FieldViolations.Show(name)}]", $"is {amount}; must be at least 1");
            else
                read.Add(new ResourceAmount(resourceClass, amount));
        }

        return violations.None ? ResourceAmounts.From(read) : ResourceAmounts.Empty;
    }

    private static void Ratio(string field, double ratio, FieldViolations violations)
    {
        if (!(ratio > 0) || !double.IsFinite(ratio))
            violations.Add(field, $"is {ratio}; must be more than 0");
    }
}
