using System.CommandLine;
using ResourceService.Load.Reporting;

namespace ResourceService.Load.Commands;

/// <summary>Where the reports go.</summary>
internal sealed class OutputOptions
{
    private readonly Option<string?> _json = new("--json")
    {
        Description = "File for the report as JSON; - means standard output, and text then goes to standard error.",
    };

    public void AddTo(Command command) => command.Add(_json);

    public JsonOutput Read(ParseResult arguments) => new(arguments.GetValue(_json));
}
