using System.Collections.Concurrent;
using System.Text.Json;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;

namespace ResourceService.Storage.Records;

/// <summary>
/// What is known of an instance beside its id and project, as JSON in the store; null when nothing is. A fleet's instances share few
/// combinations of user, system and states, so each is written and read once and its strings are shared.
/// </summary>
internal static class AttributesText
{
    private const int KnownMax = 16_384;

    private static readonly ConcurrentDictionary<Attributes, string> _texts = new();
    private static readonly ConcurrentDictionary<string, Attributes> _attributes = new(StringComparer.Ordinal);

    // Counted apart: a concurrent dictionary's own count locks all of it.
    private static int _knownCount;

    public static string? Write(Instance instance)
    {
        var attributes = new Attributes(instance.UserId, instance.OsType, instance.VmState, instance.TaskState, instance.PowerState);
        if (attributes == Attributes.None)
            return null;
        if (_texts.TryGetValue(attributes, out var known))
            return known;
        var text = JsonSerializer.Serialize(attributes, SpecJson.Default.Attributes);
        Keep(attributes, text);
        return text;
    }

    public static Instance Read(string instanceId, string projectId, string? text)
    {
        var attributes = text is null ? Attributes.None : Read(text);
        return new Instance(
            new InstanceId(instanceId), projectId, attributes.UserId, attributes.OsType, attributes.VmState, attributes.TaskState,
            attributes.PowerState);
    }

    private static Attributes Read(string text)
    {
        if (_attributes.TryGetValue(text, out var known))
            return known;
        var attributes = JsonSerializer.Deserialize(text, SpecJson.Default.Attributes);
        Keep(attributes, text);
        return attributes;
    }

    private static void Keep(Attributes attributes, string text)
    {
        if (Volatile.Read(ref _knownCount) >= KnownMax || Interlocked.Increment(ref _knownCount) > KnownMax)
            return;
        _texts.TryAdd(attributes, text);
        _attributes.TryAdd(text, attributes);
    }
}

internal readonly record struct Attributes(string UserId, string OsType, string VmState, string TaskState, string PowerState)
{
    public static Attributes None { get; } = new("", "", "", "", "");
}
