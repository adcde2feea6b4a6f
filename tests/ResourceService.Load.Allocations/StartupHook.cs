using System.Globalization;

/// <summary>
/// Runs inside a measured server (DOTNET_STARTUP_HOOKS) and writes how many bytes it has allocated to a file, fifty times a second: no figure of the kernel's
/// tells that, and a server without telemetry has no page that does. The name, without a namespace, is the runtime's rule.
/// </summary>
#pragma warning disable CA1050, MA0047
public static class StartupHook
#pragma warning restore CA1050, MA0047
{
    /// <summary>The variable with the name of the file.</summary>
    public const string FileVariable = "RESOURCE_SERVICE_LOAD_ALLOCATED";

    // As wide as the largest number: each writing replaces the one before.
    private const string Format = "D20";
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(20);

    // Nothing else would keep the timer from being collected.
    private static Timer? _timer;

    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(FileVariable) is { Length: > 0 } path)
        {
            _timer = new Timer(_ => Write(path), state: null, TimeSpan.Zero, _interval);
        }
    }

    public static long? Read(string path) =>
        File.Exists(path) && long.TryParse(File.ReadAllText(path), CultureInfo.InvariantCulture, out var bytes) ? bytes : null;

    private static void Write(string path)
    {
        Span<byte> text = stackalloc byte[20];
        GC.GetTotalAllocatedBytes().TryFormat(text, out _, Format, CultureInfo.InvariantCulture);
        using var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(file, text, fileOffset: 0);
    }
}
