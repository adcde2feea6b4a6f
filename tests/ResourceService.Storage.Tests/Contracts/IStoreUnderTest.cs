namespace ResourceService.Storage.Tests.Contracts;

/// <summary>A kind of store, empty at first; gone for good when this is disposed.</summary>
public interface IStoreUnderTest : IDisposable
{
    /// <summary>The writer's side.</summary>
    IClaimStore Store { get; }

    /// <summary>The readers' side.</summary>
    IClaimReader Reader { get; }

    /// <summary>Closes the store and opens it again, as a restart of the service does.</summary>
    void Restart();
}
