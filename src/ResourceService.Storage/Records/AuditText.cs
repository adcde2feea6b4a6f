using System.Text.Json;
using System.Text.Json.Serialization;
using ResourceService.Ledger;
using ResourceService.Ledger.Audits;

namespace ResourceService.Storage.Records;

/// <summary>The drifts of an audit as JSON in the store. Names here are a file format: only add.</summary>
internal static class AuditText
{
    public static string Write(ValueList<Drift> drifts) => JsonSerializer.Serialize([.. drifts.Select(Write)], AuditJson.Default.DriftRecordArray);

    public static ValueList<Drift> Read(string text)
    {
        var records = JsonSerializer.Deserialize(text, AuditJson.Default.DriftRecordArray)
            ?? throw new InvalidDataException("The store holds an audit without drifts.");
        return ValueList.From(records.Select(Read));
    }

    private static DriftRecord Write(Drift drift) => new(
        drift.Kind, drift.Action, drift.Instance?.Value, drift.Claim?.NodeKey, drift.Claim?.Sequence, drift.Migration?.NodeKey, drift.Migration?.Sequence,
        drift.ResourceClass.Length == 0 ? null : drift.ResourceClass, drift.DeviceAddress.Length == 0 ? null : drift.DeviceAddress,
        drift.Expected, drift.Observed, drift.Detail);

    private static Drift Read(DriftRecord record) => new(record.Kind, record.Action, record.Expected, record.Observed, record.Detail)
    {
        Instance = record.Instance is null ? null : new InstanceId(record.Instance),
        Claim = record.ClaimSeq is { } claim ? new ClaimId(record.ClaimNode!.Value, claim) : null,
        Migration = record.MigrationSeq is { } migration ? new MigrationId(record.MigrationNode!.Value, migration) : null,
        ResourceClass = record.Class ?? "",
        DeviceAddress = record.Device ?? "",
    };
}

internal sealed record DriftRecord(
    DriftKind Kind, DriftAction Action, string? Instance, int? ClaimNode, long? ClaimSeq, int? MigrationNode, long? MigrationSeq, string? Class,
    string? Device, string Expected, string Observed, string Detail);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DriftRecord[]))]
internal sealed partial class AuditJson : JsonSerializerContext;
