using ResourceService.Server.Tests.Chart.Templates;
using YamlDotNet.RepresentationModel;

namespace ResourceService.Server.Tests.Chart;

/// <summary>The chart's values, each changed once: what is documented is taken, and what is taken has an effect.</summary>
public sealed class WhenAValueIsChanged
{
    [Fact]
    public void The_table_has_each_value_once() => Assert.Equal(
        ChartValues.Leaves(ChartFiles.Defaults).Order(StringComparer.Ordinal),
        ChartFiles.ChangedValues.Select(change => change.Path).Order(StringComparer.Ordinal));

    [Fact]
    public void Each_change_is_allowed_and_changes_what_is_rendered()
    {
        var troubles = new List<string>();
        foreach (var change in ChartFiles.ChangedValues)
        {
            troubles.AddRange(ChartFiles.SchemaErrors(ChartFiles.DefaultsWith(change.Changed)).Select(error => $"{change.Path}: {error}"));
            var changed = RenderedChart.Of(change.Changed);
            var before = TryRender(change.Given);
            // Where what is given is refused, that the change is taken is its effect.
            if (change.IsRefused != before is null)
                troubles.Add($"{change.Path}: what is given is {(before is null ? "refused" : "taken")} without it, and the table says otherwise");
            else if (before?.Texts.All(text => changed.Texts[text.Key] == text.Value) == true)
                troubles.Add($"{change.Path} has no effect");
        }

        Assert.Empty(troubles);
    }

    [Fact]
    public void Each_is_described_where_it_stands()
    {
        var text = ChartFiles.Read("values.yaml");
        var lines = text.Split('\n');

        Assert.Empty(Undescribed((YamlMappingNode)YamlText.Load(text).Documents.Single().RootNode, lines, isDescribed: false, ""));
    }

    // A value has a comment above it, or belongs to a mapping that is described as a whole: with a comment above it and none inside.
    private static IEnumerable<string> Undescribed(YamlMappingNode mapping, string[] lines, bool isDescribed, string above)
    {
        var children = mapping.Children.Select(pair => (
            Name: above + ((YamlScalarNode)pair.Key).Value,
            Fields: pair.Value as YamlMappingNode,
            HasComment: lines[pair.Key.Start.Line - 2].TrimStart().StartsWith('#'))).ToList();
        isDescribed = isDescribed && children.TrueForAll(child => !child.HasComment);
        return
        [
            .. from child in children
               from name in child.Fields is { Children.Count: > 0 } fields ? Undescribed(fields, lines, child.HasComment || isDescribed, $"{child.Name}.")
                   : child.HasComment || isDescribed ? []
                   : new[] { child.Name }
               select name,
        ];
    }

    private static RenderedChart? TryRender(Dictionary<string, object?> over)
    {
        try
        {
            return RenderedChart.Of(over);
        }
        catch (TemplateException)
        {
            return null;
        }
    }
}
