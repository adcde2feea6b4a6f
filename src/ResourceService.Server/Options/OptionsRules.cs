using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.Json;
using ResourceService.Server.Security;
using ResourceService.Storage;

namespace ResourceService.Server.Options;

/// <summary>The ranges of all options, checked at start: every one that is wrong is named at once.</summary>
internal static class OptionsRules
{
    private static readonly string[] _sectionsOfHost = ["Logging", "Kestrel"];

    /// <summary>The values of a section that are no numbers or names of a list where such belong.</summary>
    public static IReadOnlyList<string> Unreadable<T>(IConfigurationSection section) =>
    [
        .. from property in typeof(T).GetProperties()
           let setting = section.GetSection(property.Name)
           let value = setting.Value
           where value is not null
           let expected = Expected(property.PropertyType, value)
           where expected is not null
           select $"{setting.Path} is '{value}'; must be {expected}",
    ];

    /// <summary>The settings of a section that do not exist: mostly a slip of the pen, which would otherwise have no effect and no sign.</summary>
    public static IReadOnlyList<string> Unknown<T>(IConfigurationSection section)
    {
        var known = typeof(T).GetProperties().Select(property => property.Name).ToArray();
        return
        [
            .. section.GetChildren()
                .Where(setting => !known.Contains(setting.Key, StringComparer.OrdinalIgnoreCase))
                .Select(setting => $"{setting.Path} is no setting; did you mean {section.Path}:{known.MinBy(name => Distance(setting.Key, name))}?"),
        ];
    }

    /// <summary>
    /// The sections that do not exist, of those that the command line and the settings file name. The environment is full of names that mean
    /// something to others.
    /// </summary>
    public static IEnumerable<string> UnknownSections(IConfigurationRoot configuration, IReadOnlyCollection<string> known) => configuration.Providers
        .Where(provider => provider is CommandLineConfigurationProvider or JsonConfigurationProvider)
        .SelectMany(provider => provider.GetChildKeys([], parentPath: null))
        .Distinct(StringComparer.OrdinalIgnoreCase)
        .Where(name => configuration.GetSection(name).GetChildren().Any() && !known.Concat(_sectionsOfHost).Contains(name, StringComparer.OrdinalIgnoreCase))
        .Select(name => $"{name} is no section of settings; did you mean {known.MinBy(section => Distance(name, section))}?");

    /// <summary>The web server's own settings: its addresses would be listened on beside all rules about who may call.</summary>
    public static IEnumerable<string> KestrelViolations(IConfigurationSection kestrel) =>
        kestrel.GetChildren().Select(setting => $"{setting.Path} is no setting of this service; addresses are set with urls, certificates with Security");

    /// <summary>The levels of logging that are none, wherever they stand.</summary>
    public static IEnumerable<string> LogLevelViolations(IConfigurationSection logging) => logging.GetChildren()
        .SelectMany(section => section.GetSection("LogLevel").GetChildren())
        .Concat(logging.GetSection("LogLevel").GetChildren())
        .Where(level => !Enum.TryParse<LogLevel>(level.Value, ignoreCase: true, out _))
        .Select(level => $"{level.Path} is '{level.Value}'; must be one of {string.Join(", ", Enum.GetNames<LogLevel>())}");

    /// <summary>What is wrong with the addresses to listen on.</summary>
    public static List<string> UrlViolations(string urls) =>
        [.. urls.Split(';', StringSplitOptions.RemoveEmptyEntries).Where(url => !IsUrl(url)).Select(
            url => $"urls has '{url}'; must be of the form http://127.0.0.1:5080, with * for every address")];

    /// <summary>What is wrong with the ports beside those of the addresses: each needs to be its own.</summary>
    /// <param name="urls">The addresses, well-formed.</param>
    /// <param name="metrics">The metrics page's.</param>
    /// <param name="health">The probes'.</param>
    public static IEnumerable<string> PortViolations(string urls, MetricsOptions metrics, HealthOptions health)
    {
        var taken = ListenAddress.Read(urls).Select(address => address.Port).ToHashSet();
        foreach (var (name, port) in new[] { ("Metrics:Port", metrics.Port), ("Health:Port", health.Port) })
        {
            if (port > 0 && !taken.Add(port))
                yield return $"{name} is {port}, which is taken by another address; it needs a port of its own";
        }
    }

    /// <summary>What is wrong with the configuration; nothing when all is well.</summary>
    public static IReadOnlyList<string> Violations(
        StorageOptions storage, CommitOptions commit, NodeOptions nodes, RequestOptions requests, RetentionOptions retention, MetricsOptions metrics,
        HealthOptions health, AuditOptions audits)
    {
        var violations = new List<string>();
        if (string.IsNullOrWhiteSpace(storage.DataDirectory))
            violations.Add("Storage:DataDirectory must be set");
        Between("Storage:DatabaseSizeMaxMb", storage.DatabaseSizeMaxMb, 0, 16_000_000);
        Between("Storage:CacheMb", storage.CacheMb, 1, 65_536);
        Between("Storage:CheckpointPages", storage.CheckpointPages, 100, 1_000_000);
        Between("Commit:BatchMax", commit.BatchMax, 1, 100_000);
        Between("Commit:RetryDelayMs", commit.RetryDelayMs, 1, 60_000);
        Between("Nodes:QueueDepthMax", nodes.QueueDepthMax, 1, 1_000_000);
        Between("Nodes:InFlightMax", nodes.InFlightMax, 1, 10_000_000);
        Between("Nodes:NodesMax", nodes.NodesMax, 1, 10_000_000);
        Between("Nodes:SnapshotIntervalSeconds", nodes.SnapshotIntervalSeconds, 1, 86_400);
        Between("Requests:RememberedMax", requests.RememberedMax, 0, 100_000_000);
        Between("Requests:RememberedMinutes", requests.RememberedMinutes, 1, 100_000);
        Between("Requests:MessageBytesMax", requests.MessageBytesMax, 1_024, 1 << 30);
        Between("Requests:StreamInFlightMax", requests.StreamInFlightMax, 1, 100_000);
        Between("Requests:StreamsPerConnectionMax", requests.StreamsPerConnectionMax, 1, 100_000);
        Between("Requests:ShutdownSeconds", requests.ShutdownSeconds, 1, 3_600);
        Between("Audits:StaleMigrationMinutes", audits.StaleMigrationMinutes, 1, 100_000);
        Between("Audits:OverdueMinutes", audits.OverdueMinutes, 0, 100_000);
        Between("Audits:SweepIntervalSeconds", audits.SweepIntervalSeconds, 1, 3_600);
        Between("Audits:SweptNodesMax", audits.SweptNodesMax, 1, 1_000_000);
        Between("Requests:WatchStallSeconds", requests.WatchStallSeconds, 1, 86_400);
        Between("Requests:AnswerStallSeconds", requests.AnswerStallSeconds, 2, 86_400);
        Between("Retention:EventHours", retention.EventHours, 0, 1_000_000);
        Between("Retention:EndedClaimHours", retention.EndedClaimHours, 0, 1_000_000);
        Between("Retention:SnapshotHours", retention.SnapshotHours, 1, 1_000_000);
        Between("Retention:SnapshotMinuteHours", retention.SnapshotMinuteHours, 1, 1_000_000);
        Between("Retention:SnapshotHourHours", retention.SnapshotHourHours, 0, 1_000_000);
        Between("Retention:StepRows", retention.StepRows, 1, 100_000);
        Between("Retention:IntervalSeconds", retention.IntervalSeconds, 1, 86_400);
        Between("Metrics:Port", metrics.Port, 0, 65_535);
        Between("Health:Port", health.Port, 0, 65_535);
        return violations;

        void Between(string name, int value, int least, int most)
        {
            if (value < least || value > most)
                violations.Add($"{name} is {value}; must be {least} to {most}");
        }
    }

    /// <summary>What is wrong with the limits of callers.</summary>
    public static IEnumerable<string> Violations(LimitOptions limits) =>
        new (string Name, int Value, int Least, int Most)[]
            {
                ("CallsPerSecond", limits.CallsPerSecond, 0, 10_000_000),
                ("CallsBurst", limits.CallsBurst, 0, 10_000_000),
                ("CallsInFlightMax", limits.CallsInFlightMax, 0, 10_000_000),
                ("ConnectionsMax", limits.ConnectionsMax, 1, 1_000_000),
                ("ConnectionsPerAddressMax", limits.ConnectionsPerAddressMax, 1, 1_000_000),
                ("UnreadAnswersMaxMb", limits.UnreadAnswersMaxMb, 4, 65_536),
                ("HealthWatchesMax", limits.HealthWatchesMax, 4, 1_000_000),
            }
            .Where(item => item.Value < item.Least || item.Value > item.Most)
            .Select(item => $"Limits:{item.Name} is {item.Value}; must be {item.Least} to {item.Most}");

    // Null when the value can be read.
    private static string? Expected(Type type, string value)
    {
        if (type == typeof(int))
            return int.TryParse(value, out _) ? null : "a whole number";
        if (type == typeof(bool))
            return bool.TryParse(value, out _) ? null : "true or false";
        if (!type.IsEnum)
            return null;
        var names = Enum.GetNames(type);
        return names.Contains(value, StringComparer.OrdinalIgnoreCase) ? null : $"one of {string.Join(", ", names)}";
    }

    // How many letters must be added, taken out or exchanged (Levenshtein's distance), row by row.
    private static int Distance(string left, string right)
    {
        var above = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 0; i < left.Length; i++)
        {
            var row = new int[right.Length + 1];
            row[0] = i + 1;
            for (var j = 0; j < right.Length; j++)
            {
                var exchange = above[j] + (char.ToUpperInvariant(left[i]) == char.ToUpperInvariant(right[j]) ? 0 : 1);
                row[j + 1] = Math.Min(exchange, Math.Min(above[j + 1], row[j]) + 1);
            }

            above = row;
        }

        return above[right.Length];
    }

    // The server itself takes a port that is no number for a part of the host's name, and listens on every address at port 80.
    private static bool IsUrl(string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            return address.IsUnixPipe || address.Host.StartsWith('[') || !address.Host.Contains(':');
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
