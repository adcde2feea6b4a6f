using System.Text.RegularExpressions;

namespace ResourceService.Server.Tests.Chart.Templates;

/// <summary>Reads what stands between the braces of a template.</summary>
internal sealed partial class PipelineParser
{
    private readonly Queue<string> _words;

    private PipelineParser(string text) => _words = new Queue<string>(Word().Matches(text).Select(match => match.Value));

    /// <summary>Reads a pipeline.</summary>
    public static Pipeline Parse(string text)
    {
        var parser = new PipelineParser(text);
        var pipeline = parser.ReadPipeline();
        return parser._words.Count == 0 ? pipeline : throw new TemplateException($"'{text}' has a parenthesis too many");
    }

    private Pipeline ReadPipeline()
    {
        var commands = new List<IReadOnlyList<Operand>>();
        do
        {
            commands.Add(ReadCommand());
        }
        while (_words.TryPeek(out var next) && next == "|" && _words.TryDequeue(out _));
        return new Pipeline(commands);
    }

    private List<Operand> ReadCommand()
    {
        var operands = new List<Operand>();
        while (_words.TryPeek(out var word) && word is not ("|" or ")"))
        {
            _words.Dequeue();
            operands.Add(word == "(" ? ReadNested() : ReadOperand(word));
        }

        return operands.Count > 0 ? operands : throw new TemplateException("a command is empty");
    }

    private Operand.Nested ReadNested()
    {
        var nested = ReadPipeline();
        return _words.TryDequeue(out var closing) && closing == ")"
            ? new Operand.Nested(nested)
            : throw new TemplateException("a parenthesis is not closed");
    }

    private static Operand ReadOperand(string word)
    {
        if (word[0] == '"')
            return new Operand.Literal(Regex.Unescape(word[1..^1]));
        if (word[0] == '`')
            return new Operand.Literal(word[1..^1]);
        if (long.TryParse(word, out var number))
            return new Operand.Literal(number);
        if (word[0] is not ('.' or '$'))
            return new Operand.Function(word);
        var parts = word.Split('.');
        return new Operand.Field(parts[0], [.. parts[1..].Where(name => name.Length > 0)]);
    }

    [GeneratedRegex("""
        "(\\.|[^"\\])*"|`[^`]*`|[()|]|[^\s()|]+
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Word();
}
