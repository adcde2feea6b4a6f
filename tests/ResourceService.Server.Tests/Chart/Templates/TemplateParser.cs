using System.Text.RegularExpressions;

namespace ResourceService.Server.Tests.Chart.Templates;

/// <summary>Reads a file of templates in the syntax of Go's <c>text/template</c>, as far as the chart uses it.</summary>
internal sealed partial class TemplateParser
{
    private readonly Queue<(string Text, bool IsAction)> _parts = [];
    private readonly Dictionary<string, IReadOnlyList<TemplateNode>> _definitions;

    private TemplateParser(string text, Dictionary<string, IReadOnlyList<TemplateNode>> definitions)
    {
        _definitions = definitions;
        var end = 0;
        var trimsNext = false;
        foreach (Match action in Action().Matches(text))
        {
            AddText(text[end..action.Index], trimsNext, action.Groups["left"].Success);
            _parts.Enqueue((action.Groups["body"].Value.Trim(), true));
            trimsNext = action.Groups["right"].Success;
            end = action.Index + action.Length;
        }

        AddText(text[end..], trimsNext, trimsEnd: false);
    }

    /// <summary>Reads a file; what it defines goes to the definitions.</summary>
    public static void Parse(string name, string text, Dictionary<string, IReadOnlyList<TemplateNode>> definitions)
    {
        var parser = new TemplateParser(text, definitions);
        definitions[name] = parser.ReadBlock(out var closing);
        if (closing.Length > 0)
            throw new TemplateException($"{name} has '{closing}' too many");
    }

    // Up to the action that ends the block, or to the end of the file.
    private List<TemplateNode> ReadBlock(out string closing)
    {
        var nodes = new List<TemplateNode>();
        while (_parts.TryDequeue(out var part))
        {
            if (!part.IsAction)
            {
                nodes.Add(new TemplateNode.Text(part.Text));
                continue;
            }

            var (keyword, rest) = part.Text.Split(' ', 2) is [var first, var others] ? (first, others.Trim()) : (part.Text, "");
            if (keyword is "end" or "else")
            {
                closing = part.Text;
                return nodes;
            }

            if (ReadAction(keyword, rest, part.Text) is { } node)
                nodes.Add(node);
        }

        closing = "";
        return nodes;
    }

    private TemplateNode? ReadAction(string keyword, string rest, string action)
    {
        switch (keyword)
        {
            case "/*":
                return null;
            case "define":
                _definitions[rest.Trim('"')] = ReadBody();
                return null;
            case "if" or "with":
                return ReadChoice(PipelineParser.Parse(rest), keyword == "with");
            case "range":
                return Assignment().Match(rest) is { Success: true } item
                    ? new TemplateNode.Loop(
                        item.Groups["key"] is { Success: true } key ? key.Value : null,
                        item.Groups["name"].Value,
                        PipelineParser.Parse(item.Groups["value"].Value),
                        ReadBody())
                    : new TemplateNode.Loop(null, null, PipelineParser.Parse(rest), ReadBody());
            default:
                return Assignment().Match(action) is { Success: true } variable
                    ? new TemplateNode.Variable(variable.Groups["name"].Value, PipelineParser.Parse(variable.Groups["value"].Value))
                    : new TemplateNode.Output(PipelineParser.Parse(action));
        }
    }

    private List<TemplateNode> ReadBody()
    {
        var body = ReadBlock(out var closing);
        return closing == "end" ? body : throw new TemplateException($"a block ends with '{closing}'");
    }

    private TemplateNode.Choice ReadChoice(Pipeline condition, bool movesDot)
    {
        var then = ReadBlock(out var closing);
        if (closing == "end")
            return new TemplateNode.Choice(condition, movesDot, then, []);
        if (closing == "else")
            return new TemplateNode.Choice(condition, movesDot, then, ReadBody());
        return closing.StartsWith("else if ", StringComparison.Ordinal)
            ? new TemplateNode.Choice(condition, movesDot, then, [ReadChoice(PipelineParser.Parse(closing["else if ".Length..]), movesDot: false)])
            : throw new TemplateException($"a choice ends with '{closing}'");
    }

    private void AddText(string text, bool trimsStart, bool trimsEnd)
    {
        var left = trimsStart ? text.TrimStart() : text;
        var content = trimsEnd ? left.TrimEnd() : left;
        if (content.Length > 0)
            _parts.Enqueue((content, false));
    }

    [GeneratedRegex(@"\{\{((?<left>-)(?=\s))?(?<body>.*?)((?<=\s)(?<right>-))?\}\}", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Action();

    [GeneratedRegex(@"^((?<key>\$\w+), )?(?<name>\$\w+) := (?<value>.+)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Assignment();
}
