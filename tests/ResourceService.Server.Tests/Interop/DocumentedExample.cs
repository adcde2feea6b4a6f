using System.Text.RegularExpressions;

namespace ResourceService.Server.Tests.Interop;

/// <summary>A command that a document shows, with the output that it shows below it.</summary>
/// <param name="Command">What follows the prompt, over several lines where they end in a backslash.</param>
/// <param name="Output">The lines up to the next prompt or the end of the block.</param>
internal sealed partial record DocumentedExample(string Command, IReadOnlyList<string> Output)
{
    private const string Prompt = "$ ";

    /// <summary>Whether the command asks for a description, which is text about the contract and not an answer.</summary>
    public bool Describes => Command.Split(' ').Intersect(["describe", "list"]).Any();

    /// <summary>The lines of comments in the output, without their slashes.</summary>
    public IEnumerable<string> Comments => Output.Select(line => line.TrimStart()).Where(line => line.StartsWith("// ", StringComparison.Ordinal)).Select(line => line[3..]);

    [GeneratedRegex("\"20[0-9]{2}-[0-9-]+T[0-9:.]+Z\"", RegexOptions.None, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Time { get; }

    /// <summary>Output in which what differs from run to run, the times, looks alike.</summary>
    public static string Comparable(IEnumerable<string> output) => Time.Replace(string.Join('\n', output).TrimEnd(), "\"TIME\"");

    /// <summary>The document with each example replaced by what <paramref name="run"/> makes of it; other lines stay.</summary>
    public static async Task<string> RewriteAsync(string document, Func<DocumentedExample, Task<IReadOnlyList<string>>> run)
    {
        var written = new List<string>();
        var lines = new Queue<string>(document.Split('\n'));
        var inside = false;
        while (lines.TryDequeue(out var line))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                inside = line == "```console";
            written.Add(line);
            if (!inside || !line.StartsWith(Prompt, StringComparison.Ordinal))
                continue;
            var command = new List<string> { line[Prompt.Length..] };
            while (command[^1].EndsWith('\\'))
            {
                command.Add(lines.Dequeue());
                written.Add(command[^1]);
            }

            var output = new List<string>();
            while (lines.TryPeek(out var next) && !next.StartsWith(Prompt, StringComparison.Ordinal) && next != "```")
                output.Add(lines.Dequeue());
            written.AddRange(await run(new DocumentedExample(string.Join('\n', command), output)));
        }

        return string.Join('\n', written);
    }
}
