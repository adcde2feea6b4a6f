using System.Text.RegularExpressions;

namespace ResourceService.Server.Tests.Telemetry;

/// <summary>Queries in PromQL, of the dashboard and of the alerts: what they ask for must be there.</summary>
internal static partial class MetricQueries
{
    // Which server it is, the scraper adds.
    private static readonly string[] _ofScraper = ["namespace", "job", "instance"];

    // What comes only when it happens, from a closed list.
    private static readonly HashSet<string> _reasons = ErrorsReflection.Descriptor.EnumTypes.Single(type => type.Name == nameof(ErrorReason))
        .Values.Select(value => value.Name["ERROR_REASON_".Length..]).ToHashSet(StringComparer.Ordinal);

    /// <summary>Requires that a page has each series, label and label's value that the queries name; says how many were named.</summary>
    public static int Require(MetricsPage page, IEnumerable<string> queries)
    {
        var uses = queries.SelectMany(query => MetricUse().Matches(query)).ToList();
        foreach (var use in uses)
            Require(page, use);
        return uses.Count;
    }

    private static void Require(MetricsPage page, Match use)
    {
        var series = page.Samples.Where(sample => sample.Name == use.Groups["name"].Value).ToList();
        Assert.True(series.Count > 0, $"not on the page: {use.Value}");
        var selectors = Selector().Matches(use.Groups["selectors"].Value).Where(selector => !_ofScraper.Contains(selector.Groups["label"].Value)).ToList();
        var labels = selectors.Select(selector => selector.Groups["label"].Value)
            .Concat(use.Groups["by"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Except(_ofScraper));
        Assert.All(labels, label => Assert.True(series.TrueForAll(sample => sample.Labels.ContainsKey(label)), $"no label {label}: {use.Value}"));
        foreach (var selector in selectors.Where(selector => selector.Groups["operator"].Value == "="))
        {
            var (label, value) = (selector.Groups["label"].Value, selector.Groups["value"].Value);
            Assert.True(
                series.Exists(sample => sample.Labels[label] == value) || (label == "reason" && _reasons.Contains(value)),
                $"no series with {selector.Value}: {use.Value}");
        }
    }

    // What it is summed by, if anything, the metric and its selectors.
    [GeneratedRegex(
        @"(by \((?<by>[a-z_, ]+)\) \((rate\(|increase\()?)?(?<name>(resource_service|dotnet|process)_[a-z_]+)(\{(?<selectors>[^}]*)\})?",
        RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MetricUse();

    [GeneratedRegex(@"(?<label>[a-z_]+)(?<operator>=~|!=|!~|=)""(?<value>[^""]*)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Selector();
}
