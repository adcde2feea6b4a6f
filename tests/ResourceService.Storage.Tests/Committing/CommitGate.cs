using Xunit;

namespace ResourceService.Storage.Tests.Committing;

/// <summary>Stops the writer inside a commit until the test has set the scene.</summary>
internal sealed class CommitGate : IDisposable
{
    private readonly SemaphoreSlim _opened = new(0);
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the writer stands at the gate.</summary>
    public Task EnteredAsync() => _entered.Task.WaitAsync(CommitterFixture.Patience, TestContext.Current.CancellationToken);

    /// <summary>For the writer's thread.</summary>
    public void Pass()
    {
        _entered.TrySetResult();
        if (!_opened.Wait(CommitterFixture.Patience))
            throw new TimeoutException("The writer stood at the gate of a commit and the test never opened it.");
    }

    /// <summary>Lets the writer go on.</summary>
    public void Open() => _opened.Release();

    public void Dispose() => _opened.Dispose();
}
