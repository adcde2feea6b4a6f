using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Claims;

namespace ResourceService.Server.Grpc;

/// <summary>Reads what a request needs and which nodes it allows, checking every field.</summary>
internal static class ResourceRequests
{
    private const int ClassesMax = 256;
    private const int TraitsMax = 256;
    private const int LabelsMax = 64;
    private const int ExcludedMax = 1000;

    /// <summary>What an instance needs; null after a violation.</summary>
    public static ResourceRequest? Read(V1.ResourceRequest? message, string field, FieldViolations violations)
    {
        if (message is null)
        {
            violations.Add(field, "must be set");
            return null;
        }

        if (message.Resources.Count == 0 && message.Numa is null && message.Devices.Count == 0)
            violations.Add(field, "must ask for something: resources, numa or devices");
        var amounts = Amounts(message.Resources, $"{field}.resources", 1, violations);
        var limits = message.Limits is null ? ResourceAmounts.Empty : Amounts(message.Limits.MaxUsed, $"{field}.limits.max_used", 1, violations);
        if (message.Limits is { HasCpuAllocationRatio: true })
            Ratio($"{field}.limits.cpu_allocation_ratio", message.Limits.CpuAllocationRatio, violations);
        if (message.Limits is { HasRamAllocationRatio: true })
            Ratio($"{field}.limits.ram_allocation_ratio", message.Limits.RamAllocationRatio, violations);
        var required = Traits(message.RequiredTraits, $"{field}.required_traits", violations);
        var forbidden = Traits(message.ForbiddenTraits, $"{field}.forbidden_traits", violations);
        foreach (var trait in required.Intersect(forbidden, StringComparer.Ordinal))
            violations.Add($"{field}.forbidden_traits", trait, "is required as well");
        return new ResourceRequest(amounts, required, forbidden, limits);
    }

    /// <summary>Whether the request needs what this build cannot decide yet.</summary>
    public static bool NeedsPlacementInside(V1.ResourceRequest message) => message.Numa is not null || message.Devices.Count > 0;

    /// <summary>The error for such a request.</summary>
    public static Google.Rpc.Status Unsupported() =>
        RpcErrors.NotImplemented("resources.numa and resources.devices are not decided by this version yet.");

    /// <summary>Which nodes are considered.</summary>
    public static NodeFilterRules Read(V1.NodeFilter? message, string field, FieldViolations violations)
    {
        if (message is null)
            return NodeFilterRules.All;
        violations.CountAtMost($"{field}.states", message.States.Count, 16);
        violations.CountAtMost($"{field}.excluded_node_ids", message.ExcludedNodeIds.Count, ExcludedMax);
        var states = message.States.Select((state, i) => ToLedger(violations.Enum($"{field}.states[{i}]", state, required: true)));
        var excluded = message.ExcludedNodeIds.Select((id, i) => new NodeId(violations.RequiredId($"{field}.excluded_node_ids[{i}]", id)));
        return new NodeFilterRules(
            states.ToHashSet(),
            Traits(message.RequiredTraits, $"{field}.required_traits", violations),
            Traits(message.ForbiddenTraits, $"{field}.forbidden_traits", violations),
            Labels(message.Labels, $"{field}.labels", violations),
            excluded.ToHashSet());
    }

    /// <summary>Traits: ordered, each once.</summary>
    public static ValueList<string> Traits(IReadOnlyList<string> traits, string field, FieldViolations violations, int most = TraitsMax)
    {
        if (traits.Count == 0)
            return [];
        violations.CountAtMost(field, traits.Count, most);
        for (var i = 0; i < Math.Min(traits.Count, most); i++)
            violations.Trait($"{field}[{i}]", traits[i]);
        return ValueList.From(traits.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    /// <summary>Labels: ordered by key.</summary>
    public static ValueList<KeyValuePair<string, string>> Labels(IDictionary<string, string> labels, string field, FieldViolations violations)
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
        violations.Enum(field, value, required: false) == V1.PlacementStrategy.Pack ? Claims.Strategy.Pack : Claims.Strategy.Spread;

    /// <summary>The ledger's node state.</summary>
    public static NodeState ToLedger(V1.NodeState state) => state switch
    {
        V1.NodeState.Enabled => NodeState.Enabled,
        V1.NodeState.Disabled => NodeState.Disabled,
        V1.NodeState.Draining => NodeState.Draining,
        _ => NodeState.Absent,
    };

    private static ResourceAmounts Amounts(IDictionary<string, long> amounts, string field, long least, FieldViolations violations)
    {
        violations.CountAtMost(field, amounts.Count, ClassesMax);
        var read = new List<ResourceAmount>(Math.Min(amounts.Count, ClassesMax));
        foreach (var (name, amount) in amounts.Take(ClassesMax))
        {
            var resourceClass = Class(field, name, violations);
            if (amount < least)
                violations.Add($"{field}[{name}]", $"is {amount}; must be at least {least}");
            else
                read.Add(new ResourceAmount(resourceClass, amount));
        }

        return violations.None ? ResourceAmounts.From(read).Share() : ResourceAmounts.Empty;
    }

    private static void Ratio(string field, double ratio, FieldViolations violations)
    {
        if (!(ratio > 0) || !double.IsFinite(ratio))
            violations.Add(field, $"is {ratio}; must be more than 0");
    }
}
