using ResourceService.V1;

namespace ResourceService.Load.Replay;

/// <summary>
/// What the trace's units are as resource classes. VCPU is counted whole: rounded down on nodes and up in requests, so that rounding never promises
/// more than there is. A GPU is 1000 CUSTOM_GPU_MILLI; its model is a trait of the node.
/// </summary>
internal static class TraceMapping
{
    public const string Vcpu = "VCPU";
    public const string MemoryMb = "MEMORY_MB";
    public const string GpuMilli = "CUSTOM_GPU_MILLI";

    private const long MilliPerUnit = 1000;

    public static RegisterNodeRequest ToRegistration(NodeRow node)
    {
        var registration = new RegisterNodeRequest { NodeId = node.NodeId };
        AddInventory(registration, Vcpu, node.CpuMilli / MilliPerUnit);
        AddInventory(registration, MemoryMb, node.MemoryMib);
        AddInventory(registration, GpuMilli, node.GpuCount * MilliPerUnit);
        if (node.GpuModel.Length > 0)
        {
            registration.Traits.Add(ModelTrait(node.GpuModel));
        }
        return registration;
    }

    public static Dictionary<string, long> ToResources(RequestRow request)
    {
        var amounts = new (string Class, long Amount)[]
        {
            (Vcpu, (request.CpuMilli + MilliPerUnit - 1) / MilliPerUnit),
            (MemoryMb, request.MemoryMib),
            (GpuMilli, request.GpuCount > 1 ? request.GpuCount * MilliPerUnit : request.GpuCount * request.GpuMilli),
        };
        return amounts.Where(entry => entry.Amount > 0).ToDictionary(entry => entry.Class, entry => entry.Amount, StringComparer.Ordinal);
    }

    /// <summary>
    /// The traits to try one after the other: a request can demand several traits together but not one of several, so that each model is an
    /// attempt of its own. A single null means any model.
    /// </summary>
    public static IReadOnlyList<string?> ToModelAttempts(RequestRow request) =>
        request.GpuModels.Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is { Length: > 0 } models
            ? [.. models.Select(ModelTrait)]
            : [null];

    private static string ModelTrait(string model) =>
        "CUSTOM_GPU_MODEL_" + string.Concat(model.ToUpperInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));

    private static void AddInventory(RegisterNodeRequest registration, string resourceClass, long total)
    {
        if (total > 0)
        {
            registration.Inventories[resourceClass] = new Inventory { Total = total };
        }
    }
}
