using System.Text;

namespace ResourceService.Load.Servers;

/// <summary>Splits a command line into arguments as a shell does for quotes and backslashes; nothing else of a shell is interpreted.</summary>
internal static class CommandLineSplitter
{
    public static IReadOnlyList<string> Split(string commandLine)
    {
        var arguments = new List<string>();
        var current = new StringBuilder();
        var inArgument = false;
        var quote = '\0';
        for (var i = 0; i < commandLine.Length; i++)
        {
            var c = commandLine[i];
            if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (inArgument)
                {
                    arguments.Add(current.ToString());
                    current.Clear();
                    inArgument = false;
                }
                continue;
            }
            inArgument = true;
            if (c == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && c is '\'' or '"')
            {
                quote = c;
            }
            else if (c == '\\' && quote != '\'' && i + 1 < commandLine.Length)
            {
                current.Append(commandLine[++i]);
            }
            else
            {
                current.Append(c);
            }
        }
        if (quote != '\0')
        {
            throw new FormatException($"The command line ends inside a quotation: {commandLine}");
        }
        if (inArgument)
        {
            arguments.Add(current.ToString());
        }
        return arguments;
    }
}
