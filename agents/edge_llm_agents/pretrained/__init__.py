"""The policies that come with the package, and how policies are saved and loaded."""
