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

    private const string Usage = """
        backup --to FILE [--force]      copies the ledger, also while the service runs; --force replaces FILE
        restore --from FILE [--force]   replaces the ledger while no service runs; --force also a newer or unreadable one
        verify [--from FILE]            looks the ledger or a backup through and adds every node's claims up
        """;

    private static readonly Dictionary<string, Func<IConfiguration, StorageOptions, bool, int>> _commands = new(StringComparer.Ordinal)
    {
        ["backup"] = Backup,
        ["restore"] = Restore,
        ["verify"] = Verify,
    };

    /// <summary>Whether the arguments begin with a command's name, or with a word that could only be meant for one.</summary>
    public static bool IsNamed(string[] args) => args is [{ Length: > 0 } first, ..] && first[0] is not ('-' or '/') && !first.Contains('=');

    /// <summary>The command that the arguments name; null when the program is to serve.</summary>
    public static Func<int>? Find(string[] args)
    {
        if (!IsNamed(args))
            return null;
        if (!_commands.TryGetValue(args[0], out var run))
            return Explain;
        var configuration = new ConfigurationBuilder()
            .SetBasePath(AppContext.BaseDirectory)
            .AddJsonFile("appsettings.json", optional: true)
            .AddEnvironmentVariables()
            .AddCommandLine([.. args.Skip(1).Where(argument => argument != Force)])
            .Build();
        return () => run(configuration, StorageOf(configuration), args.Contains(Force, StringComparer.Ordinal));
    }

    private static int Backup(IConfiguration arguments, StorageOptions storage, bool force)
    {
        if (arguments["to"] is not { Length: > 0 } path)
            return Explain();
        Console.WriteLine($"Backed up to {path}: {SqliteBackup.Take(storage, Path.GetFullPath(path), force)}");
        return Succeeded;
    }

    private static int Restore(IConfiguration arguments, StorageOptions storage, bool force)
    {
        if (arguments["from"] is not { Length: > 0 } path)
            return Explain();
        Console.WriteLine($"Restored from {path}: {SqliteBackup.Restore(storage, Path.GetFullPath(path), force)}");
        return Succeeded;
    }

    private static int Verify(IConfiguration arguments, StorageOptions storage, bool force)
    {
        var (summary, differences) = SqliteBackup.Verify(storage, arguments["from"] is { Length: > 0 } path ? Path.GetFullPath(path) : null);
        foreach (var difference in differences)
            Console.WriteLine(difference);
        Console.WriteLine($"{(differences.Count == 0 ? "Sound" : $"{differences.Count} differences")}: {summary}");
        return differences.Count == 0 ? Succeeded : Found;
    }

    private static StorageOptions StorageOf(IConfiguration configuration)
    {
        var section = configuration.GetSection("Storage");
        string[] wrong = [.. OptionsRules.Unreadable<StorageOptions>(section), .. OptionsRules.Unknown<StorageOptions>(section)];
        return wrong.Length > 0
            ? throw new StoreException($"The configuration is wrong: {string.Join("; ", wrong)}.")
            : section.Get<StorageOptions>() ?? new StorageOptions();
    }

    private static int Explain()
    {
        Console.Error.WriteLine(Usage);
        return WronglyCalled;
    }
}
