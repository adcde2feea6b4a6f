using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace ResourceService.Server.Tests.Telemetry;

/// <summary>A page in Prometheus' text format, read strictly: what a scraper would stumble over fails the test.</summary>
internal sealed partial class MetricsPage
{
    private readonly List<MetricSample> _samples = [];
    private readonly Dictionary<string, string> _types = new(StringComparer.Ordinal);

    private MetricsPage(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        var family = "";
        foreach (var line in text[..^1].Split('\n'))
        {
            if (Type().Match(line) is { Success: true } type)
            {
                family = type.Groups["name"].Value;
                Assert.True(_types.TryAdd(family, type.Groups["type"].Value), $"The type of {family} is said twice.");
            }
            else if (Help().Match(line) is { Success: true } help)
            {
                Assert.Equal(family, help.Groups["name"].Value);
            }
            else if (!string.Equals(line, "# EOF", StringComparison.Ordinal))
            {
                Take(line, family);
            }
        }

        foreach (var (name, _) in _types.Where(pair => pair.Value == "histogram"))
            RequireHistogram(name);
    }

    /// <summary>All samples.</summary>
    public IReadOnlyList<MetricSample> Samples => _samples;

    /// <summary>The names of all samples.</summary>
    public IReadOnlySet<string> Names => _samples.Select(sample => sample.Name).ToHashSet(StringComparer.Ordinal);

    /// <summary>A port that is free at the moment, for the page.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Reads the page of a service.</summary>
    public static async Task<MetricsPage> ReadAsync(int port, params string[] accepted) => new(await TextAsync(port, accepted));

    /// <summary>The page's text.</summary>
    public static async Task<string> TextAsync(int port, params string[] accepted)
    {
        using var http = new HttpClient();
        foreach (var format in accepted)
            http.DefaultRequestHeaders.Add("Accept", format);
        using var response = await http.GetAsync(new Uri($"http://127.0.0.1:{port}/metrics"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains(response.Content.Headers.ContentType!.Parameters, parameter => parameter is { Name: "version", Value: "0.0.4" });
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>The sum over the series of a name that have these labels.</summary>
    public double Sum(string name, params (string Label, string Value)[] labels) => _samples
        .Where(sample => sample.Name == name && labels.All(label => sample.Labels.GetValueOrDefault(label.Label) == label.Value))
        .Sum(sample => sample.Value);

    /// <summary>The values that a label has.</summary>
    public IEnumerable<string> LabelValues(string name, string label) =>
        _samples.Where(sample => sample.Name == name).Select(sample => sample.Labels[label]);

    private void Take(string line, string family)
    {
        var match = Sample().Match(line);
        Assert.True(match.Success, $"This is no sample: {line}");
        var name = match.Groups["name"].Value;
        // The samples of a family follow its type and stand together.
        var isHistogram = _types.GetValueOrDefault(family) == "histogram";
        Assert.Contains(name, isHistogram ? [$"{family}_bucket", $"{family}_sum", $"{family}_count"] : (string[])[family]);
        var labels = Label().Matches(match.Groups["labels"].Value)
            .ToDictionary(label => label.Groups["name"].Value, label => Regex.Unescape(label.Groups["value"].Value), StringComparer.Ordinal);
        var sample = new MetricSample(name, labels, Number(match.Groups["value"].Value));
        Assert.False(_types[family] == "counter" && sample.Value < 0, $"A counter is below zero: {line}");
        Assert.DoesNotContain(_samples, other => other.Name == name && other.Key == sample.Key);
        _samples.Add(sample);
    }

    // Buckets grow with their bounds, and the last has all.
    private void RequireHistogram(string name)
    {
        foreach (var series in _samples.Where(sample => sample.Name == $"{name}_bucket").GroupBy(sample => sample.KeyWithout("le")))
        {
            var buckets = series.OrderBy(bucket => Number(bucket.Labels["le"])).ToList();
            Assert.Equal(buckets.Select(bucket => bucket.Value).Order(), buckets.Select(bucket => bucket.Value));
            Assert.Equal("+Inf", buckets[^1].Labels["le"]);
            Assert.Equal(buckets[^1].Value, _samples.Single(sample => sample.Name == $"{name}_count" && sample.Key == series.Key).Value);
            Assert.Single(_samples, sample => sample.Name == $"{name}_sum" && sample.Key == series.Key);
        }
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex(@"^# TYPE (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<type>counter|gauge|histogram|summary|untyped)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Type();

    [GeneratedRegex(@"^# HELP (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) .+$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Help();

    [GeneratedRegex(
        @"^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>([a-zA-Z_][a-zA-Z0-9_]*=""([^""\\\n]|\\[\\""n])*"",?)*)\})? (?<value>[^ ]+)( [0-9]+)?$",
        RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex Sample();

    [GeneratedRegex(@"(?<name>[a-zA-Z_][a-zA-Z0-9_]*)=""(?<value>([^""\\\n]|\\[\\""n])*)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Label();
}

/// <summary>One line of the page.</summary>
internal sealed record MetricSample(string Name, IReadOnlyDictionary<string, string> Labels, double Value)
{
    /// <summary>The labels as a text that two samples share if they are the same series.</summary>
    public string Key => KeyWithout("");

    /// <summary>The same without one label.</summary>
    public string KeyWithout(string label) => string.Join(',', Labels
        .Where(pair => pair.Key != label)
        .OrderBy(pair => pair.Key, StringComparer.Ordinal)
        .Select(pair => $"{pair.Key}={pair.Value}"));
}
