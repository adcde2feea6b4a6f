using BenchmarkDotNet.Running;

// dotnet run -c Release --project tests/ResourceService.Benchmarks -- --filter '*'
BenchmarkSwitcher.FromAssembly(typeof(ResourceService.Benchmarks.ClaimValidation).Assembly).Run(args);
