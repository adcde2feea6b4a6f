using Google.Protobuf;

namespace ResourceService.Server.Tests.Validation;

/// <summary>Makes rows: a valid request, and one row for each way to break it.</summary>
internal static class BadFields
{
    public static IEnumerable<BadField> Of<T>(Func<T> valid, params IEnumerable<Break<T>>[] breaks)
        where T : IMessage
    {
        foreach (var item in breaks.SelectMany(group => group))
        {
            var request = valid();
            item.Apply(request);
            yield return new BadField(item.Field, item.Rule, request);
        }
    }

    /// <summary>A field with a rule of its own.</summary>
    public static IEnumerable<Break<T>> One<T>(string field, string rule, Action<T> apply) => [new(field, rule, apply)];

    /// <summary>An id that may be left out.</summary>
    public static IEnumerable<Break<T>> Id<T>(string field, Action<T, string> set) =>
    [
        new(field, "with a space", request => set(request, "a b")),
        new(field, "with a letter outside ASCII", request => set(request, "nöde")),
        new(field, "with a control character", request => set(request, "a\n")),
        new(field, "of 256 characters", request => set(request, new string('a', 256))),
    ];

    /// <summary>An id that must be there.</summary>
    public static IEnumerable<Break<T>> RequiredId<T>(string field, Action<T, string> set) =>
        Id(field, set).Append(new(field, "missing", request => set(request, "")));

    /// <summary>A claim's id.</summary>
    public static IEnumerable<Break<T>> ClaimId<T>(Action<T, string> set) =>
    [
        new("claim_id", "missing", request => set(request, "")),
        new("claim_id", "of another form", request => set(request, "claim-1")),
        new("claim_id", "with a number beyond any", request => set(request, "c-1-99999999999999999999")),
    ];

    /// <summary>A move's id.</summary>
    public static IEnumerable<Break<T>> MigrationId<T>(Action<T, string> set) =>
    [
        new("migration_id", "missing", request => set(request, "")),
        new("migration_id", "of another form", request => set(request, "c-1-1")),
        new("migration_id", "with a number beyond any", request => set(request, "m-1-99999999999999999999")),
    ];

    /// <summary>A request's id.</summary>
    public static IEnumerable<Break<T>> RequestId<T>(Action<T, string> set, string field = "request_id") =>
    [
        new(field, "no UUID", request => set(request, "retry-1")),
        new(field, "a UUID in braces", request => set(request, "{00000000-0000-4000-8000-000000000001}")),
    ];

    /// <summary>A text for people.</summary>
    public static IEnumerable<Break<T>> Text<T>(string field, int lengthMax, Action<T, string> set) =>
    [
        new(field, $"of {lengthMax + 1} characters", request => set(request, new string('a', lengthMax + 1))),
        new(field, "with a line break", request => set(request, "a\r\nb")),
        new(field, "with a control character of Latin-1", request => set(request, "a\u0085b")),
        new(field, "with a line separator", request => set(request, "a\u2028b")),
        new(field, "with a paragraph separator", request => set(request, "a\u2029b")),
        new(field, "with an override of direction", request => set(request, "a\u202eb")),
        new(field, "with an isolate of direction", request => set(request, "a\u2066b")),
        new(field, "with a mark of direction", request => set(request, "a\u200fb")),
        new(field, "with a space without a width", request => set(request, "a\u200bb")),
        new(field, "with a mark of byte order", request => set(request, "a\ufeffb")),
        new(field, "with a tag", request => set(request, "a\U000e0041b")),
    ];

    /// <summary>A number with bounds.</summary>
    public static IEnumerable<Break<T>> Number<T>(string field, Action<T, long> set, params long[] bad) =>
        bad.Select(value => new Break<T>(field, $"of {value}", request => set(request, value)));

    /// <summary>The page of a list.</summary>
    public static IEnumerable<Break<T>> PageSize<T>(Action<T, int> set) => Number<T>("page_size", (request, value) => set(request, (int)value), -1, 1001);

    /// <summary>A trait in a list.</summary>
    public static IEnumerable<Break<T>> Traits<T>(string field, int countMax, Func<T, IList<string>> list) =>
    [
        new($"{field}[1]", "in lower case", request => Add(list(request), ["GOOD", "bad"])),
        new($"{field}[0]", "empty", request => Add(list(request), [""])),
        new($"{field}[0]", "of 256 characters", request => Add(list(request), [new string('A', 256)])),
        new(field, $"with {countMax + 1} elements", request => Add(list(request), Enumerable.Range(0, countMax + 1).Select(i => $"T{i}"))),
    ];

    /// <summary>Sets of traits of which any one will do.</summary>
    public static IEnumerable<Break<T>> TraitSets<T>(string field, Func<T, IList<TraitSet>> list) =>
    [
        .. Traits<T>($"{field}[0].traits", 64, request =>
        {
            list(request).Add(new TraitSet());
            return list(request)[0].Traits;
        }),
        .. One<T>($"{field}[0].traits", "empty", request => list(request).Add(new TraitSet())),
        .. One<T>(field, "with 17 elements", request =>
        {
            for (var i = 0; i < 17; i++)
                list(request).Add(new TraitSet { Traits = { $"T{i}" } });
        }),
    ];

    /// <summary>Labels.</summary>
    public static IEnumerable<Break<T>> Labels<T>(string field, Func<T, IDictionary<string, string>> map) =>
    [
        new($"{field} key", "with a space", request => map(request).Add("a b", "c")),
        .. Text<T>($"{field}[a]", 255, (request, value) => map(request).Add("a", value)),
        new(field, "with 65 elements", request =>
        {
            for (var i = 0; i < 65; i++)
                map(request).Add($"key-{i}", "");
        }),
    ];

    /// <summary>A filter of nodes.</summary>
    public static IEnumerable<Break<T>> Filter<T>(string field, Func<T, NodeFilter> filter) =>
    [
        .. One<T>($"{field}.states[0]", "unspecified", request => filter(request).States.Add(NodeState.Unspecified)),
        .. One<T>($"{field}.states[0]", "unknown", request => filter(request).States.Add((NodeState)99)),
        .. Traits<T>($"{field}.required_traits", 256, request => filter(request).RequiredTraits),
        .. Traits<T>($"{field}.forbidden_traits", 256, request => filter(request).ForbiddenTraits),
        .. Labels<T>($"{field}.labels", request => filter(request).Labels),
        .. TraitSets<T>($"{field}.any_of_traits", request => filter(request).AnyOfTraits),
        .. RequiredId<T>($"{field}.node_ids[0]", (request, id) => filter(request).NodeIds.Add(id)),
        .. One<T>($"{field}.node_ids", "with 1001 elements", request => Add(filter(request).NodeIds, Enumerable.Repeat("a", 1001))),
        .. RequiredId<T>($"{field}.excluded_node_ids[0]", (request, id) => filter(request).ExcludedNodeIds.Add(id)),
        .. One<T>($"{field}.excluded_node_ids", "with 1001 elements", request => Add(filter(request).ExcludedNodeIds, Enumerable.Repeat("a", 1001))),
    ];

    /// <summary>What an instance needs.</summary>
    public static IEnumerable<Break<T>> Resources<T>(string field, Action<T, ResourceRequest?> set, Func<T, ResourceRequest> resources) =>
    [
        .. One<T>(field, "missing", request => set(request, null)),
        .. One<T>(field, "asking for nothing", request => set(request, new ResourceRequest())),
        .. One<T>($"{field}.resources", "with an unknown class", request => resources(request).Resources.Add("VCPUS", 1)),
        .. One<T>($"{field}.resources", "with a class in lower case", request => resources(request).Resources.Add("CUSTOM_a", 1)),
        .. Number<T>($"{field}.resources[VCPU]", (request, value) => resources(request).Resources["VCPU"] = value, 0, -1, long.MinValue),
        .. One<T>($"{field}.limits.max_used", "with an unknown class", request => Limits(resources(request)).MaxUsed.Add("VCPUS", 1)),
        .. Number<T>($"{field}.limits.max_used[VCPU]", (request, value) => Limits(resources(request)).MaxUsed.Add("VCPU", value), 0, -1),
        .. Ratio<T>($"{field}.limits.cpu_allocation_ratio", (request, value) => Limits(resources(request)).CpuAllocationRatio = value),
        .. Ratio<T>($"{field}.limits.ram_allocation_ratio", (request, value) => Limits(resources(request)).RamAllocationRatio = value),
        .. Traits<T>($"{field}.required_traits", 256, request => resources(request).RequiredTraits),
        .. Traits<T>($"{field}.forbidden_traits", 256, request => resources(request).ForbiddenTraits),
        .. TraitSets<T>($"{field}.any_of_traits", request => resources(request).AnyOfTraits),
        .. One<T>($"{field}.forbidden_traits", "required as well", request =>
        {
            resources(request).RequiredTraits.Add("T");
            resources(request).ForbiddenTraits.Add("T");
        }),
        .. PlacementFields.Numa<T>($"{field}.numa", request => resources(request).Numa ??= PlacementFields.ValidNuma()),
        .. PlacementFields.Devices<T>($"{field}.devices", request => resources(request).Devices),
    ];

    /// <summary>A lease.</summary>
    public static IEnumerable<Break<T>> Lease<T>(Action<T, Google.Protobuf.WellKnownTypes.Duration> set) =>
    [
        new("lease", "of 0 seconds", request => set(request, new())),
        new("lease", "of less than a second", request => set(request, new() { Nanos = 999_999_999 })),
        new("lease", "of more than a day", request => set(request, new() { Seconds = 86_400, Nanos = 1 })),
        new("lease", "with too many nanoseconds", request => set(request, new() { Seconds = 5, Nanos = 1_000_000_000 })),
        new("lease", "of the longest span", request => set(request, new() { Seconds = long.MaxValue })),
    ];

    /// <summary>A point in time.</summary>
    public static IEnumerable<Break<T>> Time<T>(string field, Action<T, Google.Protobuf.WellKnownTypes.Timestamp> set) =>
    [
        new(field, "after the year 9999", request => set(request, new() { Seconds = 253_402_300_800 })),
        new(field, "with negative nanoseconds", request => set(request, new() { Nanos = -1 })),
    ];

    /// <summary>A span of time.</summary>
    public static IEnumerable<Break<T>> TimeRange<T>(
        Action<T, Google.Protobuf.WellKnownTypes.Timestamp> setStart, Action<T, Google.Protobuf.WellKnownTypes.Timestamp> setEnd) =>
    [
        .. Time("start_time", setStart),
        .. Time("end_time", setEnd),
        new("end_time", "before start_time", request =>
        {
            setStart(request, new() { Seconds = 1_790_000_000, Nanos = 1 });
            setEnd(request, new() { Seconds = 1_790_000_000 });
        }),
    ];

    private static IEnumerable<Break<T>> Ratio<T>(string field, Action<T, double> set) =>
        new[] { 0, -1.5, double.NaN, double.PositiveInfinity }.Select(value => new Break<T>(field, $"of {value}", request => set(request, value)));

    private static ResourceLimits Limits(ResourceRequest request) => request.Limits ??= new ResourceLimits();

    private static void Add<TItem>(ICollection<TItem> list, IEnumerable<TItem> items)
    {
        foreach (var item in items)
            list.Add(item);
    }
}
