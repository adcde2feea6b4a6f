using ResourceService.Server.Security;
using ResourceService.Server.Telemetry;
using ResourceService.Storage;

namespace ResourceService.Server.Options;

/// <summary>All settings of the service, and the one place that knows the sections they come from.</summary>
internal sealed record ServiceOptions(
    string Urls, StorageOptions Storage, CommitOptions Commit, NodeOptions Nodes, RequestOptions Requests, RetentionOptions Retention,
    MetricsOptions Metrics, HealthOptions Health, AuditOptions Audits, SecurityOptions Security, LimitOptions Limits)
{
    /// <summary>Where the service listens when nothing says otherwise: this machine only.</summary>
    public const string DefaultUrl = "http://127.0.0.1:5080";

    /// <summary>Every setting in a section, with its default.</summary>
    public static IEnumerable<(string Name, object Default)> Defaults
    {
        get
        {
            var reader = new SettingsReader(new ConfigurationBuilder().Build());
            Bind(reader, DefaultUrl);
            return from section in reader.Sections
                   from property in section.Value.GetType().GetProperties()
                   select ($"{section.Key}:{property.Name}", property.GetValue(section.Value)!);
        }
    }

    /// <summary>The ports beside those of the addresses: scrapers speak HTTP/1.1, which gRPC's port does not, and probes speak no TLS.</summary>
    public IReadOnlyList<(string Setting, int Port)> OwnPorts =>
        [.. new[] { ("Metrics:Port", Metrics.Port), ("Health:Port", Health.Port) }.Where(own => own.Item2 > 0)];

    /// <summary>All addresses to listen on, each with the words for it: those of <c>urls</c>, and those of the own ports on the first one's host.</summary>
    public IReadOnlyList<(string Setting, string Url)> Addresses
    {
        get
        {
            var urls = UrlRules.Split(Urls);
            // A socket of the file system has no host, and is of this machine alone.
            var host = BindingAddress.Parse(urls[0]) is { IsUnixPipe: false } first ? first.Host : "127.0.0.1";
            return
            [
                .. urls.Select(url => ($"{SettingNames.Urls} has '{url}'", url)),
                .. OwnPorts.Select(own => ($"{own.Setting} is {own.Port}", $"http://{host}:{own.Port}")),
            ];
        }
    }

    /// <summary>Reads and checks all of them; throws <see cref="StoreException"/> with everything that is wrong.</summary>
    public static ServiceOptions Read(IConfigurationRoot configuration)
    {
        var reader = new SettingsReader(configuration);
        var options = Bind(reader, configuration[SettingNames.Urls] ?? DefaultUrl);
        reader.Add(OptionsRules.Violations(options, reader.IsReadable));
        reader.Add(OptionsRules.LogLevelViolations(configuration.GetSection("Logging")));
        reader.Add(OptionsRules.KestrelViolations(configuration.GetSection("Kestrel")));
        reader.Add(SettingNames.Unknown(configuration, reader.Sections.Keys));
        reader.Add(UrlRules.Violations(options));
        reader.Add(SecurityRules.Violations(options.Security, options.Urls, reader.IsReadable));
        reader.Add(TelemetryRules.Violations(configuration));
        reader.ThrowIfAny();
        return options;
    }

    /// <summary>Reads and checks those of the store alone.</summary>
    public static StorageOptions ReadStorage(IConfigurationRoot configuration)
    {
        var reader = new SettingsReader(configuration);
        var storage = reader.Bind<StorageOptions>("Storage");
        reader.Add(OptionsRules.Violations(storage));
        reader.Add(SettingNames.Unknown(configuration, Defaults.Select(setting => setting.Name.Split(':')[0]).Distinct()));
        reader.ThrowIfAny();
        return storage;
    }

    private static ServiceOptions Bind(SettingsReader reader, string urls) => new(
        urls,
        reader.Bind<StorageOptions>("Storage"),
        reader.Bind<CommitOptions>("Commit"),
        reader.Bind<NodeOptions>("Nodes"),
        reader.Bind<RequestOptions>("Requests"),
        reader.Bind<RetentionOptions>("Retention"),
        reader.Bind<MetricsOptions>("Metrics"),
        reader.Bind<HealthOptions>("Health"),
        reader.Bind<AuditOptions>("Audits"),
        reader.Bind<SecurityOptions>("Security"),
        reader.Bind<LimitOptions>("Limits"));
}
