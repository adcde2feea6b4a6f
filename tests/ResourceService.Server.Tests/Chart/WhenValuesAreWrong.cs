using ResourceService.Server.Tests.Chart.Templates;

namespace ResourceService.Server.Tests.Chart;

/// <summary>What the chart does not take, before anything is installed.</summary>
public sealed class WhenValuesAreWrong
{
    // Objects of Kubernetes: the schema knows more of their fields than the chart has defaults for.
    private static readonly string[] _ofKubernetes = ["podSecurityContext", "securityContext", "resources", "affinity", "updateStrategy", "dnsConfig", "backup.resources", "tests.resources"];

    // Labels and amounts of resources have names of the user's choice; the schema says of what kind they are.
    private static readonly string[] _ofUsersNames = ["dashboard.labels", "resources.requests", "resources.limits", "global"];

    [Fact]
    public void The_defaults_are_right() => Assert.Empty(ChartFiles.SchemaErrors(ChartFiles.Defaults));

    [Fact]
    public void A_key_that_does_not_exist_is_refused_wherever_it_stands()
    {
        var taken = from path in ChartValues.Mappings(ChartFiles.Defaults).Prepend("")
                    where !IsOfUsersNames(path)
                    let unknown = path.Length > 0 ? $"{path}.unknown" : "unknown"
                    where ChartFiles.SchemaErrors(ChartValues.With(ChartFiles.Defaults, unknown, "x")).Count == 0
                    select unknown;

        Assert.Empty(taken);
    }

    [Fact]
    public void A_value_of_another_kind_is_refused_wherever_it_stands()
    {
        var unexpected = new Dictionary<string, object?> { ["unexpected"] = true };

        var taken = ChartValues.Leaves(ChartFiles.Defaults)
            .Where(path => ChartFiles.SchemaErrors(ChartValues.With(ChartFiles.Defaults, path, unexpected)).Count == 0);

        Assert.Empty(taken);
    }

    [Fact]
    public void A_key_that_was_taken_away_is_named()
    {
        var missed = from path in ChartValues.Leaves(ChartFiles.Defaults)
                     where path.StartsWith("settings.", StringComparison.Ordinal) || path.StartsWith("security.", StringComparison.Ordinal)
                     let parent = path[..path.LastIndexOf('.')]
                     let fields = (Dictionary<string, object?>)ChartValues.At(ChartFiles.Defaults, parent)!
                     let without = fields.Where(field => $"{parent}.{field.Key}" != path).ToDictionary()
                     where ChartFiles.SchemaErrors(ChartValues.With(ChartFiles.Defaults, parent, without)).Count == 0
                     select path;

        Assert.Empty(missed);
    }

    [Fact]
    public void The_schema_knows_no_value_that_the_chart_has_not()
    {
        var unknown = SchemaPaths(YamlText.Mapping(ChartFiles.Read("values.schema.json")), "")
            .Where(path => path is not "replicas" && !Array.Exists(_ofKubernetes, part => path.StartsWith($"{part}.", StringComparison.Ordinal)))
            .Where(path => ChartValues.At(ChartFiles.Defaults, path) is null);

        Assert.Empty(unknown);
    }

    [Theory]
    [InlineData("replicas", 2)]
    [InlineData("nameOverride", "_bad_")]
    [InlineData("fullnameOverride", "Ledger")]
    [InlineData("namespaceOverride", "a.b")]
    [InlineData("commonLabels.team", "two words")]
    [InlineData("image.registry", "registry/")]
    [InlineData("resources.limits.memory", "2GB")]
    [InlineData("resources.requests.cpu", -1)]
    [InlineData("podDisruptionBudget.minAvailable", "all")]
    [InlineData("service.ipFamilyPolicy", "Dual")]
    [InlineData("telemetry.otlp.samplerArgument", "2")]
    [InlineData("telemetry.otlp.sampler", "sometimes")]
    [InlineData("backup.keep", 0)]
    [InlineData("tests.image", "")]
    [InlineData("security.mode", "Tls")]
    [InlineData("security.tokens.keysUrl", "http://login.example.org/jwks")]
    [InlineData("service.type", "ExternalName")]
    public void A_value_that_cannot_work_is_refused(string path, object value) =>
        Assert.NotEmpty(ChartFiles.SchemaErrors(ChartValues.With(ChartFiles.Defaults, path, value)));

    [Theory]
    [InlineData("operators", "spiffe://example.org/agent/{node}")]
    [InlineData("operators", "a;b")]
    [InlineData("agents", "spiffe://example.org/agent")]
    public void A_name_that_the_server_would_refuse_is_refused(string role, string name) =>
        Assert.NotEmpty(ChartFiles.SchemaErrors(ChartValues.With(ChartFiles.Defaults, $"security.names.{role}", new List<object?> { name })));

    [Fact]
    public void What_cannot_work_together_is_refused_with_what_would_be_right()
    {
        var rows = ((List<object?>)YamlText.Documents(ChartFiles.Table("RefusedValues.yaml")).Single())
            .Select(row => (Given: (Dictionary<string, object?>)ChartValues.At(row, "given")!, Says: (string)ChartValues.At(row, "says")!)).ToList();

        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            Assert.Empty(ChartFiles.SchemaErrors(ChartFiles.DefaultsWith(row.Given)));
            Assert.Contains(row.Says, Assert.Throws<TemplateException>(() => RenderedChart.Of(row.Given)).Message, StringComparison.Ordinal);
        });
    }

    private static bool IsOfUsersNames(string path) =>
        Array.Exists(_ofUsersNames, end => path.EndsWith(end, StringComparison.Ordinal));

    private static IEnumerable<string> SchemaPaths(object schema, string above) =>
        from property in ChartValues.At(schema, "properties") as Dictionary<string, object?> ?? []
        let path = $"{above}{property.Key}"
        from inner in SchemaPaths(property.Value!, $"{path}.").Prepend(path)
        select inner;
}
