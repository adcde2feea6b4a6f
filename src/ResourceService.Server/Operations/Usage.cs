using ResourceService.Server.Options;

namespace ResourceService.Server.Operations;

/// <summary>What the program does, in short.</summary>
internal static class Usage
{
    /// <summary>The commands.</summary>
    public const string Commands = """
          backup --to FILE [--force]      copies the ledger, also while the service runs; --force replaces FILE
          backup --to-folder FOLDER [--keep N]
                                          the same into ledger-TIME.db there; all but the newest N (7) are deleted then
          restore --from FILE [--force]   replaces the ledger while no service runs; --force also a newer or unreadable one
          verify [--from FILE]            looks the ledger or a backup through and adds every node's claims up
          health [--address URL [--ca FILE]] [--service NAME]
                                          asks the service that the settings name, or the one at URL, for its readiness (or
                                          liveness); exits with 0 when it is SERVING, else with 1
        """;

    private const string Head = $"""
        Admits claims of resources by instances on compute nodes, durably and never over capacity (gRPC).

        Usage: dotnet ResourceService.Server.dll [COMMAND] [--SETTING=VALUE ...]

        Without a command it serves. The commands work on the store, and ask the service, that the same settings name:
        {Commands}

        --version prints the version.

        Settings also come from appsettings.json beside the program and from the environment (Storage__DataDirectory=data). With their defaults:
          --{SettingNames.Urls}={ServiceOptions.DefaultUrl}
          --{SettingNames.SettingsFile}=
        """;

    /// <summary>Writes it, with every setting.</summary>
    public static void Print()
    {
        Console.WriteLine(Head);
        foreach (var (name, value) in ServiceOptions.Defaults)
            Console.WriteLine($"  --{name}={value}");
    }
}
