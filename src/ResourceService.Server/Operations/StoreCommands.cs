using System.Globalization;
using ResourceService.Storage.Sqlite;

namespace ResourceService.Server.Operations;

/// <summary>The commands that work on the store.</summary>
internal static class StoreCommands
{
    /// <summary>Copies it into a file, or into a folder of copies.</summary>
    public static int Backup(CommandCall call)
    {
        if (call.FileOf("to-folder") is { } folder)
            return BackupIntoFolder(call, folder);
        if (call.Option("keep") is not null)
            throw new WrongCallException("backup's --keep needs --to-folder FOLDER");
        var path = call.FileOf("to") ?? throw new WrongCallException("backup needs --to FILE or --to-folder FOLDER");
        Console.WriteLine($"Backed up to {path}: {SqliteBackup.Take(call.Storage(), path, call.IsForced)}");
        return Commands.Succeeded;
    }

    /// <summary>Puts a copy in its place.</summary>
    public static int Restore(CommandCall call)
    {
        var path = call.FileOf("from") ?? throw new WrongCallException("restore needs --from FILE");
        Console.WriteLine($"Restored from {path}: {SqliteBackup.Restore(call.Storage(), path, call.IsForced, TimeProvider.System.GetUtcNow())}");
        return Commands.Succeeded;
    }

    /// <summary>Looks it or a copy through.</summary>
    public static int Verify(CommandCall call)
    {
        var (summary, differences) = SqliteBackup.Verify(call.Storage(), call.FileOf("from"));
        foreach (var difference in differences)
            Console.WriteLine(difference);
        Console.WriteLine($"{(differences.Count == 0 ? "Sound" : $"{differences.Count} differences")}: {summary}");
        return differences.Count == 0 ? Commands.Succeeded : Commands.Found;
    }

    private static int BackupIntoFolder(CommandCall call, string folder)
    {
        if (call.Option("to") is not null)
            throw new WrongCallException("backup has either --to FILE or --to-folder FOLDER");
        if (call.IsForced)
            throw new WrongCallException("'--force' means nothing to backup --to-folder: each copy has a name of its own");
        var kept = call.Option("keep") is { } text ? KeptOf(text) : BackupFolder.KeptByDefault;
        var now = TimeProvider.System.GetUtcNow();
        var path = BackupFolder.PathAt(folder, now);
        Console.WriteLine($"Backed up to {path}: {SqliteBackup.Take(call.Storage(), path, overwrite: false)}");
        foreach (var deleted in BackupFolder.DeleteOlder(path, kept, now))
            Console.WriteLine($"Deleted {deleted}");
        return Commands.Succeeded;
    }

    private static int KeptOf(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var kept) && kept is >= 1 and <= BackupFolder.KeptMax
            ? kept
            : throw new WrongCallException($"backup's --keep is '{text}'; must be 1 to {BackupFolder.KeptMax}");
}
