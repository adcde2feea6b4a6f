namespace ResourceService.Server.Operations;

/// <summary>
/// What the program does instead of serving, by its first argument. The store and the service are found by the same settings as the service has, so
/// a command beside a service needs no more than its own arguments.
/// </summary>
internal static class Commands
{
    /// <summary>It did what it was called for.</summary>
    public const int Succeeded = 0;

    /// <summary>It found that all is not well.</summary>
    public const int Found = 1;

    private const int WronglyCalled = 2;
    private const string Force = "--force";

    private static readonly Dictionary<string, Command> _commands = new(StringComparer.Ordinal)
    {
        ["backup"] = new(StoreCommands.Backup, ["to", "to-folder", "keep"], TakesForce: true),
        ["restore"] = new(StoreCommands.Restore, ["from"], TakesForce: true),
        ["verify"] = new(StoreCommands.Verify, ["from"], TakesForce: false),
        ["health"] = new(HealthCommand.Ask, ["address", "service", "ca"], TakesForce: false),
    };

    private static readonly HashSet<string> _options = [.. _commands.Values.SelectMany(command => command.Options)];

    /// <summary>Runs the command that the arguments name.</summary>
    public static int Run(string[] args)
    {
        try
        {
            var command = _commands.GetValueOrDefault(args[0]) ?? throw new WrongCallException($"'{args[0]}' is no command");
            return command.Run(Read(args[0], command, args));
        }
        catch (WrongCallException cause)
        {
            Console.Error.WriteLine($"{cause.Message}.{Environment.NewLine}{Usage.Commands}");
            return WronglyCalled;
        }
    }

    private static CommandCall Read(string name, Command command, string[] args)
    {
        var isForced = command.TakesForce && args.Contains(Force, StringComparer.Ordinal);
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        var settings = new List<string>();
        foreach (var (text, option, value) in Arguments.Read([.. args.Skip(1).Where(argument => !isForced || argument != Force)]))
        {
            if (string.IsNullOrEmpty(value))
                throw new WrongCallException($"'{text}' means nothing to {name}");
            if (command.Options.Contains(option, StringComparer.Ordinal))
                options[option] = value;
            else if (_options.Contains(option))
                throw new WrongCallException($"{name} has no --{option}");
            else
                settings.Add($"--{option}={value}");
        }

        return new CommandCall(name, options, isForced, [.. settings]);
    }

    /// <param name="Run">Does it; gives the program's exit code.</param>
    /// <param name="Options">The options that have values.</param>
    /// <param name="TakesForce">Whether it can be told to replace.</param>
    private sealed record Command(Func<CommandCall, int> Run, string[] Options, bool TakesForce);
}
