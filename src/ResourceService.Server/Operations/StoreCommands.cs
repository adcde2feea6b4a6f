using ResourceService.Server.Options;
using ResourceService.Storage;
using ResourceService.Storage.Sqlite;

namespace ResourceService.Server.Operations;

/// <summary>
/// What the program does instead of serving, by its first argument. The store is found by the same settings as the service finds it, so a
/// command beside a service needs no more than its own arguments.
/// </summary>
internal static class StoreCommands
{
    private const int Succeeded = 0;
    private const int Found = 1;
    private const int WronglyCalled = 2;
    private const string Force = "--force";
    private const string To = "to";
    private const string From = "from";

    private static readonly Dictionary<string, Command> _commands = new(StringComparer.Ordinal)
    {
        ["backup"] = new(Backup, To, IsRequired: true, TakesForce: true),
        ["restore"] = new(Restore, From, IsRequired: true, TakesForce: true),
        ["verify"] = new(Verify, From, IsRequired: false, TakesForce: false),
    };

    /// <summary>Runs the command that the arguments name.</summary>
    public static int Run(string[] args)
    {
        if (!_commands.TryGetValue(args[0], out var command))
            return Refuse($"'{args[0]}' is no command");
        var isForced = command.TakesForce && args.Contains(Force, StringComparer.Ordinal);
        string? path = null;
        var settings = new List<string>();
        foreach (var (text, name, value) in Arguments.Read([.. args.Skip(1).Where(argument => !isForced || argument != Force)]))
        {
            if (string.IsNullOrEmpty(value))
                return Refuse($"'{text}' means nothing to {args[0]}");
            if (name == command.FileOption)
                path = Path.GetFullPath(value);
            else if (name is To or From)
                return Refuse($"{args[0]} has no --{name}");
            else
                settings.Add($"--{name}={value}");
        }

        if (command.IsRequired && path is null)
            return Refuse($"{args[0]} needs --{command.FileOption} FILE");
        return command.Run(ServiceOptions.ReadStorage(ServiceSettings.Load([.. settings]).Configuration), path, isForced);
    }

    private static int Backup(StorageOptions storage, string? path, bool force)
    {
        Console.WriteLine($"Backed up to {path}: {SqliteBackup.Take(storage, path!, force)}");
        return Succeeded;
    }

    private static int Restore(StorageOptions storage, string? path, bool force)
    {
        Console.WriteLine($"Restored from {path}: {SqliteBackup.Restore(storage, path!, force, TimeProvider.System.GetUtcNow())}");
        return Succeeded;
    }

    private static int Verify(StorageOptions storage, string? path, bool force)
    {
        var (summary, differences) = SqliteBackup.Verify(storage, path);
        foreach (var difference in differences)
            Console.WriteLine(difference);
        Console.WriteLine($"{(differences.Count == 0 ? "Sound" : $"{differences.Count} differences")}: {summary}");
        return differences.Count == 0 ? Succeeded : Found;
    }

    private static int Refuse(string why)
    {
        Console.Error.WriteLine($"{why}.{Environment.NewLine}{Usage.Commands}");
        return WronglyCalled;
    }

    /// <param name="Run">Does it, on a store, a file or none, and by force or not.</param>
    /// <param name="FileOption">What the file's option is called.</param>
    /// <param name="IsRequired">Whether it needs the file.</param>
    /// <param name="TakesForce">Whether it can be told to replace.</param>
    private sealed record Command(Func<StorageOptions, string?, bool, int> Run, string FileOption, bool IsRequired, bool TakesForce);
}
