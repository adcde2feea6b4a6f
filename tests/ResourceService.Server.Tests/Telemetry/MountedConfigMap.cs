namespace ResourceService.Server.Tests.Telemetry;

/// <summary>
/// A folder as a cluster mounts a ConfigMap: each file is a link through the link <c>..data</c>, and a change is a new folder that <c>..data</c> leads
/// to from one moment to the next. The files' own links, and their times, stay as they are.
/// </summary>
internal sealed class MountedConfigMap(string folder, string file)
{
    private int _version;

    /// <summary>The file's path in the mounted folder.</summary>
    public string Path => System.IO.Path.Combine(folder, file);

    /// <summary>Brings a content into the folder.</summary>
    public async Task WriteAsync(string content)
    {
        var next = Directory.CreateDirectory(System.IO.Path.Combine(folder, $"..version-{++_version}")).FullName;
        await File.WriteAllTextAsync(System.IO.Path.Combine(next, file), content);
        File.CreateSymbolicLink(System.IO.Path.Combine(folder, "..data_tmp"), System.IO.Path.GetFileName(next));
        // One rename, which .NET has not for a link to a folder.
        var (exitCode, output) = await ExternalProgram.RunAsync(folder, "mv", "--no-target-directory", "..data_tmp", "..data");
        Assert.True(exitCode == 0, output);
        if (_version == 1)
            File.CreateSymbolicLink(Path, System.IO.Path.Combine("..data", file));
        else
            Directory.Delete(System.IO.Path.Combine(folder, $"..version-{_version - 1}"), recursive: true);
    }
}
