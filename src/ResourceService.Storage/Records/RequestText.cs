using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Numa;

namespace ResourceService.Storage.Records;

/// <summary>
/// What a claim was asked for beside its amounts, as JSON in the store; null when that was all. Requests repeat as instances' sizes do, so each is
/// read once and shared. Names here are a file format: only add.
/// </summary>
internal static class RequestText
{
    private const int KnownMax = 16_384;

    private static readonly ConcurrentDictionary<(string Amounts, string Request), ResourceRequest> _known = new();

    // Counted apart: the dictionary's own count locks all of it.
    private static int _knownCount;

    public static string? Write(ResourceRequest request) => request.IsPlain
        ? null
        : JsonSerializer.Serialize(
            new RequestRecord(
                request.RequiredTraits.Count == 0 ? null : [.. request.RequiredTraits],
                request.ForbiddenTraits.Count == 0 ? null : [.. request.ForbiddenTraits],
                request.UsageLimits.Count == 0 ? null : request.UsageLimits.ToDictionary(limit => limit.Class.Name, limit => limit.Amount),
                request.Numa is { } numa ? Write(numa) : null,
                request.Devices.Count == 0 ? null : [.. request.Devices.Select(Write)],
                request.CpuAllocationRatio,
                request.RamAllocationRatio,
                request.AnyOfTraits.Count == 0 ? null : [.. request.AnyOfTraits.Select(set => set.ToArray())]),
            RequestJson.Default.RequestRecord);

    public static ResourceRequest Read(string amounts, string? text)
    {
        var key = (amounts, text ?? "");
        if (_known.TryGetValue(key, out var known))
            return known;
        var request = text is null ? ResourceRequest.Of(AmountsText.Read(amounts)) : Read(AmountsText.Read(amounts), text);
        if (Volatile.Read(ref _knownCount) < KnownMax && Interlocked.Increment(ref _knownCount) <= KnownMax)
            _known.TryAdd(key, request);
        return request;
    }

    private static ResourceRequest Read(ResourceAmounts amounts, string text)
    {
        var record = JsonSerializer.Deserialize(text, RequestJson.Default.RequestRecord)
            ?? throw new InvalidDataException("The store holds an empty request.");
        var limits = (record.Limits ?? []).Select(limit => ResourceClass.TryParse(limit.Key, out var resourceClass)
            ? new ResourceAmount(resourceClass, limit.Value)
            : throw new InvalidDataException($"The store names the resource class '{limit.Key}', which is no resource class."));
        return new ResourceRequest(
            amounts, ValueList.From(record.Required ?? []), ValueList.From(record.Forbidden ?? []), ResourceAmounts.From(limits))
        {
            Numa = record.Numa is { } numa ? Read(numa) : null,
            Devices = ValueList.From((record.Devices ?? []).Select(Read)),
            CpuAllocationRatio = record.CpuRatio,
            RamAllocationRatio = record.RamRatio,
            AnyOfTraits = ValueList.From((record.AnyOf ?? []).Select(ValueList.From)),
        };
    }

    private static NumaRequestRecord Write(NumaRequest numa) => new(
        [.. numa.Cells.Select(cell => new CellRequestRecord(
            [.. cell.SharedVcpus], [.. cell.DedicatedVcpus], cell.MemoryMb, cell.PageSizePolicy, cell.PageSizeKb))],
        numa.CpuPolicy, numa.ThreadPolicy, numa.EmulatorThreads, numa.PackCells);

    private static NumaRequest Read(NumaRequestRecord numa) => new(
        ValueList.From(numa.Cells.Select(cell => new NumaCellRequest(
            CpuSet.From(cell.SharedVcpus), CpuSet.From(cell.DedicatedVcpus), cell.MemoryMb, cell.PageSizePolicy, cell.PageSizeKb))),
        numa.CpuPolicy, numa.ThreadPolicy, numa.EmulatorThreads, numa.PackCells);

    private static DeviceRequestRecord Write(DeviceRequest request) => new(
        request.Name, request.Count,
        [.. request.Alternatives.Select(one => new DescriptionRecord(
            one.VendorId, one.ProductId, one.Type, one.Tags.Count == 0 ? null : new Dictionary<string, string>(one.Tags, StringComparer.Ordinal)))],
        request.NumaPolicy);

    private static DeviceRequest Read(DeviceRequestRecord request) => new(
        request.Name, request.Count,
        ValueList.From(request.Alternatives.Select(one => new DeviceDescription(
            one.VendorId, one.ProductId, one.Type, ValueList.From((one.Tags ?? []).OrderBy(tag => tag.Key, StringComparer.Ordinal))))),
        request.NumaPolicy);
}

internal sealed record RequestRecord(
    string[]? Required, string[]? Forbidden, Dictionary<string, long>? Limits, NumaRequestRecord? Numa, DeviceRequestRecord[]? Devices,
    double? CpuRatio, double? RamRatio, string[][]? AnyOf = null);

internal sealed record NumaRequestRecord(
    CellRequestRecord[] Cells, CpuPolicy CpuPolicy, CpuThreadPolicy ThreadPolicy, EmulatorThreadsPolicy EmulatorThreads, bool PackCells);

internal sealed record CellRequestRecord(int[] SharedVcpus, int[] DedicatedVcpus, long MemoryMb, PageSizePolicy PageSizePolicy, long PageSizeKb);

internal sealed record DeviceRequestRecord(string Name, int Count, DescriptionRecord[] Alternatives, DeviceNumaPolicy NumaPolicy);

internal sealed record DescriptionRecord(string? VendorId, string? ProductId, DeviceType? Type, Dictionary<string, string>? Tags);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RequestRecord))]
[JsonSerializable(typeof(AssignmentRecord))]
internal sealed partial class RequestJson : JsonSerializerContext;
