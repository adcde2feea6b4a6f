namespace ResourceService.Server.Tests.Chart;

/// <summary>
/// The chart's README says what the chart has.
/// <para>
/// <c>RESOURCESERVICE_WRITE_README=1 dotnet test --project tests/ResourceService.Server.Tests -- --filter-class "*WhenTheReadmeIsRead"</c>
/// writes the table of values anew.
/// </para>
/// </summary>
public sealed class WhenTheReadmeIsRead
{
    private static readonly bool _write = Environment.GetEnvironmentVariable("RESOURCESERVICE_WRITE_README") == "1";

    private static string Readme => ChartFiles.Read("README.md");

    [Fact]
    public async Task Its_table_has_each_value_as_it_stands_in_the_values()
    {
        var table = ValuesTable.Of(ChartFiles.Read("values.yaml"));
        if (_write)
        {
            var readme = Readme.Replace($"<!-- values -->{Part("values")}", $"<!-- values -->\n{table}", StringComparison.Ordinal);
            await File.WriteAllTextAsync(Path.Combine(ChartFiles.Folder, "README.md"), readme, TestContext.Current.CancellationToken);
        }

        Assert.Equal($"\n{table}", Part("values"));
    }

    [Fact]
    public void Its_example_is_taken()
    {
        var values = YamlText.Mapping(Readme.Split("--values - <<'EOF'\n")[1].Split("\nEOF\n")[0]);

        Assert.Empty(ChartFiles.SchemaErrors(ChartFiles.DefaultsWith(values)));
        Assert.Equal("MutualTls", RenderedChart.Of(values).Settings["Security__Mode"]);
        Assert.All(["ServiceMonitor", "PrometheusRule", "CronJob"], kind => Assert.NotNull(RenderedChart.Of(values).One(kind)));
    }

    [Fact]
    public void Its_other_examples_are_values_that_are_taken()
    {
        var examples = Readme.Split("```yaml\n")[1..].Select(part => YamlText.Mapping(part.Split("```")[0]))
            .Where(example => !example.ContainsKey("apiVersion")).ToList();

        Assert.True(examples.Count > 3, "the README has hardly any examples");
        Assert.All(examples, example =>
        {
            Assert.Empty(ChartFiles.SchemaErrors(ChartFiles.DefaultsWith(example)));
            Assert.NotEmpty(RenderedChart.Of(example).Objects);
        });
    }

    // What stands between two marks.
    private static string Part(string name) => Readme.Split($"<!-- {name} -->")[1].Split($"<!-- /{name} -->")[0];
}
