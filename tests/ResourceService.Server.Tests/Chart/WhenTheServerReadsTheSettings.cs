using System.Text.RegularExpressions;
using Grpc.Health.V1;
using ResourceService.Server.Tests.Security;
using ResourceService.Server.Tests.Telemetry;

namespace ResourceService.Server.Tests.Chart;

/// <summary>The chart and the server's program know the same settings, with the same ranges and defaults, and the one starts as the other says.</summary>
public sealed partial class WhenTheServerReadsTheSettings : IDisposable
{
    // What the chart sets and the program's options do not have: the host's and the telemetry's own names.
    private static readonly string[] _ofOthers =
    [
        "Urls", "SettingsFile", "Logging__Console__FormatterName",
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG",
    ];

    // Where the chart's default is not the server's, and why. What only stands there when it is set has no default to compare.
    private static readonly Dictionary<string, string> _differs = new(StringComparer.Ordinal)
    {
        ["Storage__DataDirectory"] = "the volume",
        ["Health__Port"] = "the cluster's probes speak no TLS",
        ["Security__AllowUnauthenticatedNetwork"] = "a pod that listens to itself serves nobody; the network policy says who reaches it",
    };

    private readonly TemporaryDirectory _directory = new();
    private readonly int _healthPort = MetricsPage.FreePort();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_chart_sets_each_setting_that_the_server_knows_and_no_other()
    {
        var set = ChartFiles.ChangedValues.SelectMany(change => RenderedChart.Of(change.Changed).Settings.Keys).Distinct().Except(_ofOthers);

        Assert.Equal(ServerSettings.Defaults.Keys.Order(StringComparer.Ordinal), set.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Their_defaults_are_the_servers()
    {
        // What a mode needs is given; the rest of that mode's settings has the chart's defaults.
        var charts = ChartFiles.ChangedValues
            .Where(change => change.Path is "settings.logLevel" or "security.tokens.keysUrl")
            .Select(change => (RenderedChart.Of(change.Changed).Settings, Given: Given(change)))
            .ToList();

        Assert.Equal(2, charts.Count);
        Assert.All(charts, chart => Assert.All(
            chart.Settings.Where(setting => !_ofOthers.Contains(setting.Key) && !_differs.ContainsKey(setting.Key) && !chart.Given.Contains(setting.Key)),
            setting => Assert.Equal((setting.Key, ServerSettings.Defaults[setting.Key]), (setting.Key, setting.Value))));

        static string[] Given(ChangedValue change) => change.Given.Count == 0 ? [] :
        [
            "Security__Mode", "Security__CertificateFile", "Security__CertificateKeyFile",
            "Security__TokenIssuer", "Security__TokenAudience", "Security__TokenKeysUrl",
        ];
    }

    [Fact]
    public async Task Their_ranges_are_the_servers()
    {
        var numbers = ServerSettings.Defaults.Where(setting => int.TryParse(setting.Value, out _)).Select(setting => setting.Key);
        var (_, output) = await ServiceProcess.RunToEndAsync(
            _directory.Path, [.. numbers.Select(name => $"--{name.Replace("__", ":", StringComparison.Ordinal)}={int.MinValue}")]);
        var ranges = Range().Matches(output).ToDictionary(
            match => match.Groups["name"].Value.Replace(":", "__", StringComparison.Ordinal),
            match => (double.Parse(match.Groups["least"].Value), double.Parse(match.Groups["most"].Value)));
        var schema = YamlText.Mapping(ChartFiles.Read("values.schema.json"));
        var compared = new HashSet<string>(StringComparer.Ordinal);

        foreach (var change in ChartFiles.ChangedValues.Where(change => change.Value is double && IsSetting(change.Path)))
        {
            var before = RenderedChart.Of(change.Given).Settings;
            var name = Assert.Single(RenderedChart.Of(change.Changed).Settings, setting => before[setting.Key] != setting.Value).Key;
            var rule = ChartValues.At(schema, $"properties.{change.Path.Replace(".", ".properties.", StringComparison.Ordinal)}");
            Assert.Equal((name, ranges[name]), (name, ((double)ChartValues.At(rule, "minimum")!, (double)ChartValues.At(rule, "maximum")!)));
            Assert.True(compared.Add(name));
        }

        Assert.Equal(ranges.Keys.Except(_differs.Keys).Order(StringComparer.Ordinal), compared.Order(StringComparer.Ordinal));

        static bool IsSetting(string path) =>
            path.StartsWith("settings.", StringComparison.Ordinal) || path.StartsWith("security.", StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_starts_with_all_of_them()
    {
        var defaults = RenderedChart.Of([]).Settings;
        var changed = from change in ChartFiles.ChangedValues
                      where change.Path.StartsWith("settings.", StringComparison.Ordinal) && change.Value is not "json"
                      from setting in RenderedChart.Of(change.Changed).Settings
                      where defaults[setting.Key] != setting.Value
                      select setting;
        var settings = defaults.Concat(changed)
            .GroupBy(setting => setting.Key, setting => setting.Value)
            .ToDictionary(values => values.Key, values => values.Last());

        var chart = RenderedChart.Of(YamlText.Mapping("settings: {logLevel: Debug}"));
        Mount(chart.Pod, _ => chart.SettingsFile);

        await using var service = await ServiceProcess.StartAsync(_directory.Below("data"), Arguments(settings, "http://127.0.0.1:0"));

        Assert.True(settings.Count(setting => defaults[setting.Key] != setting.Value) > 30, "hardly a setting is changed");
        Assert.DoesNotContain(service.Log.Troubles, line => !line.Contains("whoever reaches this service may do everything", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("None", "", "")]
    [InlineData("MutualTls", "", "")]
    [InlineData("MutualTls", "clientCa: {secretName: authorities, key: bundle.pem},", "")]
    [InlineData("Token", "", "configMapName: keys")]
    [InlineData("MutualTlsOrToken", "", "secretName: keys, key: public.json")]
    public async Task It_serves_with_the_files_that_are_mounted(string mode, string clientCa, string keysFrom)
    {
        const string Operator = "spiffe://test.example/operator";
        var takesTokens = keysFrom.Length > 0;
        var names = mode.StartsWith("MutualTls", StringComparison.Ordinal) ? $"names: {{operators: ['{Operator}']}}," : "";
        var tokens = takesTokens
            ? $"tokens: {{issuer: '{TestIssuer.Name}', audience: {TestIssuer.Audience}, keysFrom: {{{keysFrom}}}}},"
            : "";
        using var authority = new TestAuthority();
        using var issuer = new TestIssuer();
        var chart = RenderedChart.Of(YamlText.Mapping($"security: {{mode: {mode}, tls: {{secretName: server}}, {clientCa}{names}{tokens}}}"));
        using var server = authority.IssueServer();
        Mount(chart.Pod, key => key switch
        {
            "tls.crt" => server.ExportCertificatePem(),
            "tls.key" => SecuredService.KeyOf(server),
            "ca.crt" or "bundle.pem" => authority.Pem,
            "settings.json" => chart.SettingsFile,
            _ => issuer.KeySet,
        });

        await using var service = await ServiceProcess.StartAsync(
            _directory.Below("data"),
            address => new ServiceClients(address, SecuredService.Handler(authority)),
            Arguments(chart.Settings, "https://127.0.0.1:0"));

        using var probes = new ServiceClients(new Uri($"http://127.0.0.1:{_healthPort}"));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await probes.HealthOfAsync("readiness"));
        using var certificate = takesTokens ? null : authority.IssueClient(Operator);
        using var callers = new ServiceClients(service.Clients.Address, SecuredService.Handler(authority, certificate));
        var token = new Metadata { { "authorization", $"Bearer {issuer.Sign(TestIssuer.Claims("operator-1", "operator"))}" } };
        await callers.Nodes.ListNodesAsync(new ListNodesRequest(), takesTokens ? token : null);
    }

    // The pod's environment as this machine can have it: folders of its own, free ports.
    private string[] Arguments(IReadOnlyDictionary<string, string> settings, string urls) =>
    [
        .. from setting in settings
           let value = setting.Key switch
           {
               "Urls" => urls,
               "Health__Port" => _healthPort.ToString(),
               "Metrics__Port" when setting.Value != "0" => MetricsPage.FreePort().ToString(),
               "Storage__DataDirectory" => _directory.Below("data"),
               _ => setting.Value.StartsWith('/') ? _directory.Path + setting.Value : setting.Value,
           }
           select $"--{setting.Key.Replace("__", ":", StringComparison.Ordinal)}={value}",
    ];

    // Lays down the files of the pod's Secrets and ConfigMaps as their items say.
    private void Mount(object pod, Func<string, string> contentOf)
    {
        var mounts = ((List<object?>)ChartValues.At(pod, "containers")!)
            .SelectMany(container => (List<object?>)ChartValues.At(container, "volumeMounts")!)
            .ToDictionary(mount => (string)ChartValues.At(mount, "name")!, mount => (string)ChartValues.At(mount, "mountPath")!);
        foreach (var volume in (List<object?>)ChartValues.At(pod, "volumes")!)
        {
            var folder = _directory.Path + mounts[(string)ChartValues.At(volume, "name")!];
            Directory.CreateDirectory(folder);
            foreach (var item in (List<object?>)(ChartValues.At(volume, "secret.items") ?? ChartValues.At(volume, "configMap.items"))!)
                File.WriteAllText(Path.Combine(folder, (string)ChartValues.At(item, "path")!), contentOf((string)ChartValues.At(item, "key")!));
        }
    }

    [GeneratedRegex(@"(?<name>\w+:\w+) is -\d+; must be (?<least>\d+) to (?<most>\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Range();
}
