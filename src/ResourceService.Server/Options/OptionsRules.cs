using ResourceService.Storage;

namespace ResourceService.Server.Options;

/// <summary>The ranges of all options, checked at start: every one that is wrong is named at once.</summary>
internal static class OptionsRules
{
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

    /// <summary>What is wrong with the addresses to listen on.</summary>
    public static List<string> UrlViolations(string urls) =>
        [.. urls.Split(';', StringSplitOptions.RemoveEmptyEntries).Where(url => !IsUrl(url)).Select(
            url => $"urls has '{url}'; must be of the form http://127.0.0.1:5080, with * for every address")];

    /// <summary>What is wrong with the configuration; nothing when all is well.</summary>
    public static IReadOnlyList<string> Violations(
        StorageOptions storage, CommitOptions commit, NodeOptions nodes, RequestOptions requests, MetricsOptions metrics)
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
        Between("Metrics:Port", metrics.Port, 0, 65_535);
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
