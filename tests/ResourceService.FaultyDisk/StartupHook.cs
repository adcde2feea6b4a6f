using ResourceService.FaultyDisk;

/// <summary>What the runtime calls before a program's Main when DOTNET_STARTUP_HOOKS names this assembly; its name and place are the runtime's.</summary>
#pragma warning disable CA1050, MA0047 // the runtime looks for it outside of any namespace
internal static class StartupHook
#pragma warning restore CA1050, MA0047
{
    public static void Initialize()
    {
        if (DiskFaults.OfThisProcess() is { } faults)
            FaultyVfs.Install(faults);
    }
}
