using System.Diagnostics;

namespace ResourceService.Testing;

/// <summary>A disk of a few MiB in memory, mounted in a folder of one test. Needs root; where it cannot be had it says why.</summary>
public sealed class SmallDisk : IDisposable
{
    private readonly TemporaryDirectory _directory;

    private SmallDisk(TemporaryDirectory directory) => _directory = directory;

    /// <summary>Where it is mounted.</summary>
    public string Path => _directory.Path;

    private string BallastPath => _directory.Below("ballast");

    /// <summary>Mounts a disk; null and the reason when that is not possible here.</summary>
    public static (SmallDisk? Disk, string WhyNot) TryMount(int megabytes)
    {
        var directory = new TemporaryDirectory();
        var (exitCode, output) = Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", directory.Path);
        if (exitCode == 0)
            return (new SmallDisk(directory), "");
        directory.Dispose();
        return (null, $"mount says: {output}");
    }

    /// <summary>Fills what is free.</summary>
    public void Fill()
    {
        using var ballast = new FileStream(BallastPath, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        try
        {
            for (var block = new byte[4096]; ;)
                ballast.Write(block);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Makes room again.</summary>
    public void Empty() => File.Delete(BallastPath);

    /// <summary>Lets nobody write any more. Nothing on it may be open for writing.</summary>
    public void MakeReadOnly()
    {
        var (exitCode, output) = Run("mount", "-o", "remount,ro", _directory.Path);
        if (exitCode != 0)
            throw new InvalidOperationException($"remount says: {output}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = Run("umount", "-l", _directory.Path);
        _directory.Dispose();
    }

    private static (int ExitCode, string Output) Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
            var output = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output.Trim());
        }
        catch (System.ComponentModel.Win32Exception cause)
        {
            return (-1, cause.Message);
        }
    }
}
