namespace ResourceService.Server.Tests.Chart;

/// <summary>The alerts of the chart, tried by Prometheus' own tool.</summary>
public sealed class WhenTheAlertsAreTried : IDisposable
{
    private const string NotInstalled = "promtool is not installed (Debian: prometheus).";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Promtool_has_nothing_against_the_rules()
    {
        await AlertTrials.WriteAsync(_directory.Path);

        var (exitCode, output) = await ExternalProgram.RunAsync(_directory.Path, "promtool", "check", "rules", "rules.json");

        Assert.SkipWhen(exitCode == -1, NotInstalled);
        Assert.True(exitCode == 0 && output.Contains($"SUCCESS: {AlertTrials.Rules.Count} rules found", StringComparison.Ordinal), output);
    }

    [Fact]
    public async Task Each_fires_when_it_should_says_why_and_ends_whatever_other_releases_do()
    {
        await AlertTrials.WriteAsync(_directory.Path);

        var (exitCode, output) = await ExternalProgram.RunAsync(_directory.Path, "promtool", "test", "rules", "tests.json");

        Assert.SkipWhen(exitCode == -1, NotInstalled);
        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public void Each_is_tried_and_each_has_a_section_in_the_readme()
    {
        var alerts = AlertTrials.Rules.Select(rule => AlertTrials.Text(rule, "alert")).ToList();
        var sections = ChartFiles.Read("README.md").Split("<!-- alerts -->")[1].Split("<!-- /alerts -->")[0].Split('\n')
            .Where(line => line.StartsWith("### ", StringComparison.Ordinal)).Select(line => line[4..]);

        Assert.Equal(alerts.Order(), AlertTrials.Rows.Select(row => AlertTrials.Text(row, "alert")).Distinct().Order());
        // In the same order, so that one is found beside its like.
        Assert.Equal(alerts, sections);
    }

    [Fact]
    public void One_that_is_left_out_is_not_there_and_all_have_the_users_labels()
    {
        var chart = RenderedChart.Of(YamlText.Mapping(
            """
            prometheusRule:
              {enabled: true, selector: 'job="ledger"', disabledAlerts: [ResourceServiceDown], alertLabels: {team: compute, severity: page},
               runbookUrl: 'https://runbooks.example.org/ledger'}
            """));

        var rules = ((List<object?>)ChartValues.At(((List<object?>)ChartValues.At(chart.One("PrometheusRule"), "spec.groups")!).Single(), "rules")!);
        Assert.True(rules.Count > 10, "there are hardly any alerts");
        Assert.All(rules, rule =>
        {
            Assert.NotEqual("ResourceServiceDown", ChartValues.At(rule, "alert"));
            Assert.Equal(("compute", "page"), (ChartValues.At(rule, "labels.team"), ChartValues.At(rule, "labels.severity")));
            Assert.Equal(
                $"https://runbooks.example.org/ledger#{AlertTrials.Text(rule!, "alert").ToLowerInvariant()}", ChartValues.At(rule, "annotations.runbook_url"));
            Assert.Contains("""{job="ledger""", AlertTrials.Text(rule!, "expr"), StringComparison.Ordinal);
        });
    }
}
