using ResourceService.Ledger.Nodes;

namespace ResourceService.Server.Grpc;

/// <summary>Reads what a list asks of nodes beside its filter, checking every field.</summary>
internal static class NodeQuestions
{
    private const int ConditionsMax = 16;

    /// <summary>Conditions of usage, in the field <c>usage</c>.</summary>
    public static UsageCondition[] Conditions(IReadOnlyList<V1.UsageCondition> messages, FieldViolations violations)
    {
        violations.CountAtMost("usage", messages.Count, ConditionsMax);
        return [.. messages.Take(ConditionsMax).Select((message, i) => Read(message, i, violations))];
    }

    /// <summary>An order, in the field <c>order</c>; null when it is unset, and after a violation.</summary>
    public static NodeOrder? Order(V1.NodeOrder? message, FieldViolations violations)
    {
        if (message is null)
            return null;
        violations.Enter("order");
        var isOfClass = message.Key is V1.NodeOrderKey.Free or V1.NodeOrderKey.UsedRatio;
        violations.Enum("key", message.Key, required: true);
        if (message.ResourceClass.Length > 0 && message.Key is V1.NodeOrderKey.UpdateTime or V1.NodeOrderKey.ClaimCount)
            violations.Add("resource_class", message.ResourceClass, "must be empty with this key");
        var resourceClass = isOfClass || message.ResourceClass.Length > 0 ? Class(message.ResourceClass, violations) : default;
        violations.Leave();
        return ToLedger(message.Key) is { } key ? new NodeOrder(key, resourceClass, message.Descending) : null;
    }

    private static UsageCondition Read(V1.UsageCondition message, int index, FieldViolations violations)
    {
        violations.Enter("usage", index);
        var condition = new UsageCondition(
            Class(message.ResourceClass, violations),
            message.HasMinFree ? message.MinFree : null,
            message.HasMaxFree ? message.MaxFree : null,
            message.HasMinUsedRatio ? Ratio("min_used_ratio", message.MinUsedRatio, violations) : null,
            message.HasMaxUsedRatio ? Ratio("max_used_ratio", message.MaxUsedRatio, violations) : null);
        if (condition.MaxFree < condition.MinFree)
            violations.Add("max_free", $"is {condition.MaxFree}; must not be less than min_free, {condition.MinFree}");
        if (condition.MaxUsedRatio < condition.MinUsedRatio)
            violations.Add("max_used_ratio", $"is {condition.MaxUsedRatio}; must not be less than min_used_ratio, {condition.MinUsedRatio}");
        violations.Leave();
        return condition;
    }

    private static Ledger.ResourceClass Class(string name, FieldViolations violations)
    {
        if (name.Length > 0)
            return ResourceRequests.Class("resource_class", name, violations);
        violations.Add("resource_class", "must be set");
        return default;
    }

    private static double Ratio(string field, double value, FieldViolations violations)
    {
        if (!(value >= 0) || !double.IsFinite(value))
            violations.Add(field, $"is {value}; must be a number, 0 or more");
        return value;
    }

    private static NodeOrderKey? ToLedger(V1.NodeOrderKey key) => key switch
    {
        V1.NodeOrderKey.Free => NodeOrderKey.Free,
        V1.NodeOrderKey.UsedRatio => NodeOrderKey.UsedRatio,
        V1.NodeOrderKey.UpdateTime => NodeOrderKey.UpdateTime,
        V1.NodeOrderKey.ClaimCount => NodeOrderKey.ClaimCount,
        _ => null,
    };
}
